"""Stock arrives: purchases and opening stock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.policies import ExpiryWarning, expiry_warnings
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.core.quantity import InvalidNumber, money_from, quantity_from
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock import _ledger
from lotkeeper.stock._ledger import Arrival, BatchLine, BatchOperation, Entry, Outcome, Posting
from lotkeeper.stock.errors import ConfirmationNeeded
from lotkeeper.stock.models import Batch
from lotkeeper.stock.operations._entry import entry_for
from lotkeeper.stock.policies import MovementKind, OperationKind, outlet_today

MAX_LINES = 1000
_ARRIVING = frozenset({MovementKind.PURCHASE, MovementKind.OPENING})


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """Goods that arrive: so much of a variation under a batch number, with its expiry and cost."""

    variation_id: int
    quantity: Decimal
    batch_number: str
    expiry_date: dt.date | None = None
    unit_cost: Decimal | None = None


def receive_stock(
    *,
    actor: Actor,
    outlet_id: int,
    lines: Sequence[ReceiptLine],
    movement_type: MovementKind = MovementKind.PURCHASE,
    reference_id: str | None = None,
    reason: str = "",
    note: str = "",
    occurred_at: dt.datetime | None = None,
    confirmed: bool = False,
) -> Posting:
    """Take goods in: each line goes to the batch with its number, expiry and cost, which is made if it is new.

    Args:
        actor: who receives.
        outlet_id: where.
        lines: what arrives, in the base unit.
        movement_type: ``purchase``, or ``opening`` for the stock a shop starts with.
        reference_id: the delivery's number; the same request under it is posted once.
        reason: shown in the history.
        note: a longer remark.
        occurred_at: when it arrived, if not now.
        confirmed: a person has looked at what seemed wrong (a date, a known number with another date or cost).

    Raises:
        ConfirmationNeeded: something looks wrong and nobody confirmed it; nothing was changed.
        ReferenceReused, PermissionRefused, NotFound, TooPrecise, InvalidRequest.
    """
    actor.require(Permission.RECEIVE, outlet_id)
    if movement_type not in _ARRIVING:
        raise InvalidRequest({"movement_type": [f"Stock arrives as {' or '.join(sorted(_ARRIVING))}."]})
    checked = _checked(lines)

    def post() -> Posting:
        entry = entry_for(
            actor,
            OperationKind.RECEIPT,
            {"outlet_id": outlet_id, "kind": movement_type, "lines": checked},
            reference_id=reference_id,
            reason=reason,
            note=note,
            occurred_at=occurred_at,
        )
        if not confirmed:
            _ask_about(outlet_id, checked)
        return post_arrivals(
            actor, entry, outlet_id, [(movement_type, line.quantity, _arrival(outlet_id, line)) for line in checked]
        )

    return in_transaction(post)


def receive_from_transfer(
    *,
    actor: Actor,
    outlet_id: int,
    lines: Sequence[tuple[Decimal, Arrival]],
    reference_id: str | None,
    refers_to: int,
    note: str = "",
    occurred_at: dt.datetime | None = None,
) -> Posting:
    """Put goods that another outlet sent on the shelf here, under the number, expiry and cost they came with.

    Raises:
        ReferenceReused, PermissionRefused, InvalidRequest.
    """
    actor.require(Permission.TRANSFER, outlet_id)

    def post() -> Posting:
        entry = entry_for(
            actor,
            OperationKind.TRANSFER_RECEIPT,
            {"outlet_id": outlet_id, "lines": [list(line) for line in lines], "sent": refers_to},
            reference_id=reference_id,
            note=note,
            occurred_at=occurred_at,
        )
        return post_arrivals(
            actor, entry, outlet_id, [(MovementKind.TRANSFER_IN, quantity, arrival) for quantity, arrival in lines]
        )

    return in_transaction(post)


def import_opening_stock(
    *, actor: Actor, outlet_id: int, receipts: Sequence[tuple[Entry, Sequence[tuple[Decimal, Arrival]]]]
) -> Sequence[Outcome]:
    """Post many receipts of opening stock in one call, each whole or refused by itself.

    Raises:
        PermissionRefused.
    """
    return _import_arrivals(actor, outlet_id, MovementKind.OPENING, receipts)


def import_purchases(
    *, actor: Actor, outlet_id: int, receipts: Sequence[tuple[Entry, Sequence[tuple[Decimal, Arrival]]]]
) -> Sequence[Outcome]:
    """Post many past deliveries in one call, each whole or refused by itself; a batch's age is its ``received_at``.

    Raises:
        PermissionRefused.
    """
    return _import_arrivals(actor, outlet_id, MovementKind.PURCHASE, receipts)


def _import_arrivals(
    actor: Actor,
    outlet_id: int,
    kind: MovementKind,
    receipts: Sequence[tuple[Entry, Sequence[tuple[Decimal, Arrival]]]],
) -> Sequence[Outcome]:
    actor.require(Permission.IMPORT, outlet_id)
    operations = [
        BatchOperation(entry, [BatchLine(kind, quantity, arrival) for quantity, arrival in lines])
        for entry, lines in receipts
    ]
    return in_transaction(lambda: _ledger.post_many(actor, operations, brief=True))


def post_arrivals(
    actor: Actor, entry: Entry, outlet_id: int, lines: Sequence[tuple[MovementKind, Decimal, Arrival]]
) -> Posting:
    """Write the lines of goods that arrive.

    Raises:
        NotFound: if the outlet or a variation does not exist here.
    """
    try:
        return _ledger.post(actor, entry, [BatchLine(kind, quantity, arrival) for kind, quantity, arrival in lines])
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) == "23503":
            variations = sorted({arrival.variation_id for _, _, arrival in lines})
            raise NotFound("outlet or variation", outlet_id=outlet_id, variation_ids=variations) from None
        raise


def _arrival(outlet_id: int, line: ReceiptLine) -> Arrival:
    return Arrival(outlet_id, line.variation_id, line.batch_number, line.expiry_date, line.unit_cost)


def _checked(lines: Sequence[ReceiptLine]) -> Sequence[ReceiptLine]:
    if not lines or len(lines) > MAX_LINES:
        raise InvalidRequest({"lines": [f"Between 1 and {MAX_LINES} lines, please."]})
    errors: dict[str, list[str]] = {}
    for position, line in enumerate(lines):
        try:
            quantity_from(line.quantity)
        except InvalidNumber as error:
            errors[f"lines.{position}.quantity"] = [str(error)]
        try:
            if line.unit_cost is not None:
                money_from(line.unit_cost)
        except InvalidNumber as error:
            errors[f"lines.{position}.unit_cost"] = [str(error)]
        if not line.batch_number.strip():
            errors[f"lines.{position}.batch_number"] = ["Name the batch, as printed on the goods."]
    if errors:
        raise InvalidRequest(errors)
    return lines


def _ask_about(outlet_id: int, lines: Sequence[ReceiptLine]) -> None:
    outlet = Outlet.objects.filter(pk=outlet_id, is_active=True).first()
    if outlet is None:
        raise NotFound("outlet", outlet_id=outlet_id)
    today = outlet_today(outlet.timezone)
    ids = {line.variation_id for line in lines}
    shelf_lives: dict[int, int | None] = dict(
        ItemVariation.objects.filter(pk__in=ids).values_list("id", "product__usual_shelf_life_days")
    )
    if unknown := sorted(ids - shelf_lives.keys()):
        raise NotFound("variation", variation_id=unknown[0])
    known: dict[tuple[int, str], list[tuple[dt.date | None, Decimal | None]]] = {}
    numbers = {line.batch_number for line in lines}
    for variation_id, number, expiry, cost in Batch.objects.filter(
        variation_id__in=ids, batch_number__in=numbers
    ).values_list("variation_id", "batch_number", "expiry_date", "unit_cost"):
        known.setdefault((variation_id, number), []).append((expiry, cost))
    warnings: list[Mapping[str, Any]] = []
    for position, line in enumerate(lines):
        same = known.get((line.variation_id, line.batch_number), [])
        found = [*expiry_warnings(line.expiry_date, today, shelf_lives[line.variation_id], {date for date, _ in same})]
        if same and line.unit_cost not in {cost for _, cost in same}:
            found.append(
                ExpiryWarning("same_number_other_cost", "A batch with this number is already known at another cost.")
            )
        warnings += [{"line": position + 1, "code": each.code, "sentence": each.sentence} for each in found]
    if warnings:
        raise ConfirmationNeeded(warnings)
