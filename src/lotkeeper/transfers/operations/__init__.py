"""Goods move between outlets: sent here, in transit, received there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.core.quantity import InvalidNumber, Sign, quantity_from
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch
from lotkeeper.stock.operations import Arrival, IssueLine, issue_for_transfer, receive_from_transfer
from lotkeeper.transfers.errors import TransferNotInTransit
from lotkeeper.transfers.models import Transfer, TransferLine, TransferStatus


@dataclass(frozen=True, slots=True)
class ArrivedLine:
    """How much of a sent line arrived; less than was sent needs a word why."""

    line_id: int
    quantity: Decimal
    discrepancy_reason: str = ""


def transfer_stock(
    *,
    actor: Actor,
    source_id: int,
    destination_id: int,
    lines: Sequence[IssueLine],
    reference_id: str | None = None,
    note: str = "",
    occurred_at: dt.datetime | None = None,
) -> Transfer:
    """Send goods to another outlet: off the shelf here, in transit until somebody there confirms them.

    ``occurred_at`` says when they left, if not now; what may be sent is decided by today's date all the same.

    Raises:
        InsufficientStockError, BatchNotSellable: nothing was sent.
        ReferenceReused, PermissionRefused, NotFound, TooPrecise, InvalidRequest.
    """
    if source_id == destination_id:
        raise InvalidRequest({"destination_id": ["Name another outlet than the one that sends."]})

    def send() -> Transfer:
        if not Outlet.objects.filter(pk=destination_id, is_active=True).exists():
            raise NotFound("outlet", outlet_id=destination_id)
        posting = issue_for_transfer(
            actor=actor,
            outlet_id=source_id,
            lines=lines,
            reference_id=reference_id,
            note=f"to outlet {destination_id}. {note}".strip(),
            occurred_at=occurred_at,
        )
        if posting.replayed:
            sent: Transfer = Transfer.objects.get(sent_id=posting.operation_id)
            sent.replayed = True
            return sent
        transfer = Transfer(
            tenant_id=actor.tenant_id,
            source_id=source_id,
            destination_id=destination_id,
            sent_id=posting.operation_id,
            note=note,
        )
        transfer.save()
        quantities: dict[int, Decimal] = {}
        for movement in posting.movements:
            quantities[movement.batch_id] = quantities.get(movement.batch_id, Decimal(0)) - movement.quantity
        TransferLine.objects.bulk_create(
            TransferLine(tenant_id=actor.tenant_id, transfer=transfer, batch_id=batch_id, quantity_sent=quantity)
            for batch_id, quantity in quantities.items()
        )
        return transfer

    return in_transaction(send)


def receive_transfer(
    *,
    actor: Actor,
    transfer_id: int,
    arrived: Sequence[ArrivedLine] | None = None,
    reference_id: str | None = None,
    occurred_at: dt.datetime | None = None,
) -> Transfer:
    """Confirm what arrived: everything when ``arrived`` is None. What is missing stays on the transfer for all to see.

    Goods keep their batch number, expiry and cost. A second confirmation under the same reference changes nothing.
    ``occurred_at`` says when they arrived, if not now.

    Raises:
        TransferNotInTransit: it was received already.
        InvalidRequest: more than was sent, a line left out, less without a word why, or before it was sent.
        ReferenceReused, PermissionRefused, NotFound.
    """

    def receive() -> Transfer:
        transfer: Transfer | None = Transfer.objects.filter(pk=transfer_id).select_for_update().first()
        if transfer is None:
            raise NotFound("transfer", transfer_id=transfer_id)
        actor.require(Permission.TRANSFER, transfer.destination_id)
        if transfer.status != TransferStatus.IN_TRANSIT:
            if reference_id is not None and transfer.received.reference_id == reference_id:
                transfer.replayed = True
                return transfer
            raise TransferNotInTransit(transfer_id=transfer_id)
        # By timestamp, which a moment without its zone has too: that one is refused with the entry.
        if occurred_at is not None and occurred_at.timestamp() < transfer.sent.occurred_at.timestamp():
            raise InvalidRequest({"occurred_at": ["That is before the goods were sent."]})
        lines: list[TransferLine] = list(transfer.lines.select_related("batch").order_by("batch_id"))
        _note_what_arrived(lines, arrived)
        moving = [line for line in lines if line.quantity_received]
        posting = receive_from_transfer(
            actor=actor,
            outlet_id=transfer.destination_id,
            lines=[
                (line.quantity_received or Decimal(0), _as_sent(line.batch, transfer.destination_id)) for line in moving
            ],
            reference_id=reference_id,
            refers_to=transfer.sent_id,
            occurred_at=occurred_at,
        )
        received_batches = {movement.line: movement.batch_id for movement in posting.movements}
        for position, line in enumerate(moving, 1):
            line.received_batch_id = received_batches[position]
        TransferLine.objects.bulk_update(lines, ["quantity_received", "received_batch", "discrepancy_reason"])
        transfer.status = TransferStatus.RECEIVED
        transfer.received_id = posting.operation_id
        transfer.save(update_fields=["status", "received"])
        return transfer

    return in_transaction(receive)


def _as_sent(batch: Batch, outlet_id: int) -> Arrival:
    # Its age goes along, so that FIFO and FEFO rank it among the receiving outlet's own.
    return Arrival(
        outlet_id, batch.variation_id, batch.batch_number, batch.expiry_date, batch.unit_cost, batch.received_at
    )


def _note_what_arrived(lines: Sequence[TransferLine], arrived: Sequence[ArrivedLine] | None) -> None:
    if arrived is None:
        for line in lines:
            line.quantity_received = line.quantity_sent
        return
    told = {line.line_id: line for line in arrived}
    errors: dict[str, list[str]] = {}
    if len(told) != len(arrived) or told.keys() != {line.pk for line in lines}:
        raise InvalidRequest({"lines": ["Name each line of the transfer once; 0 for what did not arrive."]})
    for line in lines:
        answer = told[line.pk]
        try:
            line.quantity_received = quantity_from(answer.quantity, sign=Sign.NOT_NEGATIVE)
        except InvalidNumber as error:
            errors[f"lines.{line.pk}.quantity"] = [str(error)]
            continue
        if line.quantity_received > line.quantity_sent:
            errors[f"lines.{line.pk}.quantity"] = [f"Only {line.quantity_sent.normalize():f} was sent."]
        elif line.quantity_received < line.quantity_sent and not answer.discrepancy_reason.strip():
            errors[f"lines.{line.pk}.discrepancy_reason"] = ["Less than was sent: say why, as far as you know."]
        line.discrepancy_reason = answer.discrepancy_reason
    if errors:
        raise InvalidRequest(errors)
