"""Stock is put right: adjustments, write-offs, returns and reversals. Each names its batch and its reason."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from django.db import IntegrityError
from django.db.models import Q

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.core.quantity import InvalidNumber, Sign, quantity_from
from lotkeeper.stock import _ledger
from lotkeeper.stock._ledger import BatchLine, BatchOperation, Outcome, Posting
from lotkeeper.stock.errors import AlreadyReversed, ExceedsOriginal, NotReversible
from lotkeeper.stock.models import Batch, Operation, StockMovement
from lotkeeper.stock.operations._entry import entry_for, require_reason
from lotkeeper.stock.policies import WRITE_OFF_KINDS, MovementKind, OperationKind

Counted = TypeVar("Counted", "BatchQuantity", "VariationQuantity")

MAX_LINES = 1000
_RETURN_KINDS = frozenset({MovementKind.CUSTOMER_RETURN, MovementKind.SUPPLIER_RETURN})
#: What has its own way back (a transfer is received or sent back, an amendment amended again) is not reversed.
_REVERSIBLE = frozenset(
    {
        OperationKind.RECEIPT,
        OperationKind.ISSUE,
        OperationKind.ADJUSTMENT,
        OperationKind.WRITE_OFF,
        OperationKind.RETURN,
        OperationKind.STOCK_TAKE,
    }
)


@dataclass(frozen=True, slots=True)
class BatchQuantity:
    """So much of one batch, in the base unit."""

    batch_id: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class VariationQuantity:
    """So much of a variation that was sold, whichever batches it came from."""

    variation_id: int
    quantity: Decimal


def adjust_stock(
    *,
    actor: Actor,
    lines: Sequence[BatchQuantity],
    reason: str,
    reference_id: str | None = None,
    note: str = "",
    occurred_at: dt.datetime | None = None,
) -> Posting:
    """Correct the book by a signed quantity of a batch: +2 found, -2 missing.

    Raises:
        InsufficientStockError: the batch holds less than would be taken away.
        InvalidRequest: no reason, or a quantity that makes no sense.
        ReferenceReused, PermissionRefused, NotFound, TooPrecise.
    """
    require_reason(reason)
    checked = _checked(lines, Sign.NOT_ZERO)

    def post() -> Posting:
        _require_at(actor, Permission.ADJUST, checked)
        entry = entry_for(
            actor,
            OperationKind.ADJUSTMENT,
            {"lines": checked},
            reference_id=reference_id,
            reason=reason,
            note=note,
            occurred_at=occurred_at,
        )
        return _ledger.post(
            actor, entry, [BatchLine(MovementKind.ADJUSTMENT, line.quantity, line.batch_id) for line in checked]
        )

    return in_transaction(post)


def write_off_stock(
    *,
    actor: Actor,
    lines: Sequence[BatchQuantity],
    movement_type: MovementKind,
    reason: str,
    reference_id: str | None = None,
    note: str = "",
    occurred_at: dt.datetime | None = None,
) -> Posting:
    """Take out what cannot be sold: damaged, expired, stolen, or given as a sample. An expired batch never minds.

    Raises:
        InsufficientStockError: the batch holds less than would be written off.
        InvalidRequest: no reason, or not a kind of write-off.
        ReferenceReused, PermissionRefused, NotFound, TooPrecise.
    """
    require_reason(reason)
    if movement_type not in WRITE_OFF_KINDS:
        raise InvalidRequest({"movement_type": [f"Stock is written off as {', '.join(sorted(WRITE_OFF_KINDS))}."]})
    checked = _checked(lines, Sign.POSITIVE)

    def post() -> Posting:
        _require_at(actor, Permission.WRITE_OFF, checked)
        entry = entry_for(
            actor,
            OperationKind.WRITE_OFF,
            {"kind": movement_type, "lines": checked},
            reference_id=reference_id,
            reason=reason,
            note=note,
            occurred_at=occurred_at,
        )
        return _ledger.post(actor, entry, [BatchLine(movement_type, -line.quantity, line.batch_id) for line in checked])

    return in_transaction(post)


def return_stock(
    *,
    actor: Actor,
    lines: Sequence[BatchQuantity],
    movement_type: MovementKind,
    reason: str = "",
    reference_id: str | None = None,
    note: str = "",
    occurred_at: dt.datetime | None = None,
) -> Posting:
    """Take goods back from a customer into their batch, or send a batch back to its supplier.

    Args:
        actor: who takes back or sends back.
        lines: how much of which batch.
        movement_type: ``customer_return`` or ``supplier_return``.
        reason: why it came back.
        reference_id: the return's number; the same request under it is posted once.
        note: a longer remark.
        occurred_at: when it happened, if not now.

    Raises:
        InsufficientStockError: the supplier would get more than there is.
        InvalidRequest, ReferenceReused, PermissionRefused, NotFound, TooPrecise.
    """
    if movement_type not in _RETURN_KINDS:
        raise InvalidRequest({"movement_type": [f"Goods return as {' or '.join(sorted(_RETURN_KINDS))}."]})
    checked = _checked(lines, Sign.POSITIVE)
    sign = 1 if movement_type is MovementKind.CUSTOMER_RETURN else -1

    def post() -> Posting:
        _require_at(actor, Permission.RETURN, checked)
        entry = entry_for(
            actor,
            OperationKind.RETURN,
            {"kind": movement_type, "lines": checked},
            reference_id=reference_id,
            reason=reason,
            note=note,
            occurred_at=occurred_at,
        )
        return _ledger.post(
            actor, entry, [BatchLine(movement_type, sign * line.quantity, line.batch_id) for line in checked]
        )

    return in_transaction(post)


def return_sale(
    *,
    actor: Actor,
    sale_id: int,
    lines: Sequence[VariationQuantity],
    reason: str = "",
    reference_id: str | None = None,
    note: str = "",
    occurred_at: dt.datetime | None = None,
) -> Posting:
    """Take back what one sale gave out, into the batches it was taken from, never more than it gave.

    Raises:
        ExceedsOriginal: more would come back than went, counting what came back before.
        ReferenceReused, PermissionRefused, NotFound, TooPrecise, InvalidRequest.
    """
    _checked(lines, Sign.POSITIVE)
    returned: Mapping[int, Decimal] = {}

    def post() -> Posting:
        nonlocal returned
        sold = _movements_of(sale_id, OperationKind.ISSUE)
        for outlet_id in {movement.outlet_id for movement in sold}:
            actor.require(Permission.RETURN, outlet_id)
        entry = entry_for(
            actor,
            OperationKind.RETURN,
            {"sale": sale_id, "lines": lines},
            reference_id=reference_id,
            reason=reason,
            note=note,
            occurred_at=occurred_at,
            refers_to=sale_id,
        )
        returned = _returned(sale_id)
        back = _back_into(sold, returned, lines)
        return _ledger.post(actor, entry, [BatchLine(MovementKind.CUSTOMER_RETURN, q, batch) for batch, q in back])

    # The batches are chosen before they are locked. Another return of the same sale may have filled them meanwhile, and
    # there may be room in the sale's other batches: only a refusal after which nothing has changed is a true one.
    known = None
    while True:
        try:
            return in_transaction(post)
        except ExceedsOriginal:
            if returned == known:
                raise
            known = returned


def reverse_operation(
    *, actor: Actor, operation_id: int, reason: str, reference_id: str | None = None, note: str = ""
) -> Posting:
    """Undo a mistake by posting its opposite, line by line, on the same batches. The mistake stays in the ledger.

    Raises:
        AlreadyReversed, NotReversible, ExceedsOriginal: some of it was returned already.
        InsufficientStockError: what a receipt brought is not there any more.
        InvalidRequest, ReferenceReused, PermissionRefused, NotFound.
    """
    require_reason(reason)

    def post() -> Posting:
        posted = _movements_of(operation_id)
        if not posted:
            # A count that found no difference.
            raise NotReversible(operation_id=operation_id, kind=OperationKind.STOCK_TAKE)
        for outlet_id in {movement.outlet_id for movement in posted}:
            actor.require(Permission.REVERSE, outlet_id)
        entry = entry_for(
            actor,
            OperationKind.REVERSAL,
            {"operation": operation_id},
            reference_id=reference_id,
            reason=reason,
            note=note,
            refers_to=operation_id,
        )
        lines = [BatchLine(MovementKind.REVERSAL, -each.quantity, each.batch_id) for each in posted]
        try:
            return _ledger.post(actor, entry, lines)
        except IntegrityError as error:
            if getattr(error.__cause__, "sqlstate", None) == "23505":
                raise AlreadyReversed(operation_id=operation_id) from None
            raise

    return in_transaction(post)


def import_corrections(*, actor: Actor, outlet_id: int, operations: Sequence[BatchOperation]) -> Sequence[Outcome]:
    """Post many past returns, write-offs or adjustments of one outlet in one call, each whole or refused by itself.

    Raises:
        PermissionRefused.
    """
    actor.require(Permission.IMPORT, outlet_id)
    return in_transaction(lambda: _ledger.post_many(actor, operations, brief=True))


def _checked(lines: Sequence[Counted], sign: Sign) -> Sequence[Counted]:
    if not lines or len(lines) > MAX_LINES:
        raise InvalidRequest({"lines": [f"Between 1 and {MAX_LINES} lines, please."]})
    errors: dict[str, list[str]] = {}
    for position, line in enumerate(lines):
        try:
            quantity_from(line.quantity, sign=sign)
        except InvalidNumber as error:
            errors[f"lines.{position}.quantity"] = [str(error)]
    if errors:
        raise InvalidRequest(errors)
    return lines


def _require_at(actor: Actor, permission: Permission, lines: Sequence[BatchQuantity]) -> None:
    """Permission at the outlet of every batch; a batch that is not there, or another's, is not found."""
    ids = {line.batch_id for line in lines}
    outlets: Mapping[int, int] = dict(Batch.objects.filter(pk__in=ids).values_list("id", "outlet_id"))
    if unknown := sorted(ids - outlets.keys()):
        raise NotFound("batch", batch_id=unknown[0])
    for outlet_id in sorted(set(outlets.values())):
        actor.require(permission, outlet_id)


def _movements_of(operation_id: int, kind: OperationKind | None = None) -> Sequence[StockMovement]:
    operation = Operation.objects.filter(pk=operation_id).first()
    if operation is None or (kind is not None and operation.kind != kind):
        raise NotFound("operation", operation_id=operation_id)
    if operation.kind not in _REVERSIBLE:
        raise NotReversible(operation_id=operation_id, kind=operation.kind)
    movements = StockMovement.objects.filter(tenant_id=operation.tenant_id, operation_id=operation_id)
    # In the order in which the batches were taken, which the answer keeps; a brief one of an import does not.
    answered = (operation.response or {}).get("movements", ())
    taken = {(each["line"], each["batch_id"]): position for position, each in enumerate(answered)}
    return sorted(
        movements.order_by("line", "batch_id", "version"), key=lambda each: taken.get((each.line, each.batch_id), 0)
    )


def _returned(sale_id: int) -> Mapping[int, Decimal]:
    returned: dict[int, Decimal] = defaultdict(Decimal)
    # What came back, less what of that was reversed.
    referring = Q(operation__refers_to_id=sale_id) | Q(operation__refers_to__refers_to_id=sale_id)
    for batch_id, quantity in StockMovement.objects.filter(referring).values_list("batch_id", "quantity"):
        returned[batch_id] += quantity
    return returned


def _back_into(
    sold: Sequence[StockMovement], returned: Mapping[int, Decimal], lines: Sequence[VariationQuantity]
) -> Sequence[tuple[int, Decimal]]:
    """Which batches get how much: the last taken is the first to come back.

    What is more than the sale gave stays on the batch taken first: the database refuses it under its locks, after it
    has looked whether this is only a retry.
    """
    left: dict[int, Decimal] = defaultdict(Decimal)
    variations: dict[int, int] = {}
    for movement in sold:
        left[movement.batch_id] -= movement.quantity
        variations[movement.batch_id] = movement.variation_id
    back: dict[int, Decimal] = defaultdict(Decimal)
    for line in lines:
        batches = [batch_id for batch_id, variation_id in variations.items() if variation_id == line.variation_id]
        if not batches:
            raise NotFound("line of that sale", variation_id=line.variation_id)
        rest = line.quantity
        for batch_id in reversed(batches):
            taken = max(min(rest, left[batch_id] - returned.get(batch_id, Decimal(0)) - back[batch_id]), Decimal(0))
            back[batch_id] += taken
            rest -= taken
        back[batches[0]] += rest
    return [(batch_id, quantity) for batch_id, quantity in back.items() if quantity > 0]
