"""Two batches of a variation were mistaken for each other: the book is told, once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from django.db.models import F, Min

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.core.quantity import InvalidNumber, quantity_from
from lotkeeper.stock.models import Operation
from lotkeeper.stock.operations import BatchQuantity, Posting, adjust_stock
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.errors import ApprovalNeeded, NoSwap, StockTakeClosed
from lotkeeper.stocktakes.models import REASON_LIMIT, StockTake, StockTakeObservation
from lotkeeper.stocktakes.operations._take import OPEN, changed, locked_take
from lotkeeper.stocktakes.queries import LinesWanted, VarianceLine, variance_lines


def swap_batches(
    *,
    actor: Actor,
    stock_take_id: int,
    short_item_id: int,
    over_item_id: int,
    quantity: Decimal,
    reference_id: str | None = None,
) -> Posting:
    """Move so much in the book from the batch that is short on the shelf to the one that is over, as one adjustment.

    It is dated to the first of their countings, so that both differences shrink by it; what is left is posted with the
    stock take. A difference beyond the tolerance is approved first, as it would be for posting.

    Args:
        actor: who decides.
        stock_take_id: the stock take, which is still open.
        short_item_id: the line of which less was counted than the book says.
        over_item_id: the line of which more was.
        quantity: how much was mistaken, in the base unit.
        reference_id: the same swap under it is posted once.

    Raises:
        NoSwap: the lines are not of one variation, or not short and over by as much; nothing was posted.
        ApprovalNeeded: somebody who did not count must look first; nothing was posted.
        InsufficientStockError: more was sold since than would be left.
        StockTakeClosed, InvalidRequest, ReferenceReused, BatchArchived, TooPrecise, PermissionRefused, NotFound.
    """
    try:
        quantity_from(quantity)
    except InvalidNumber as error:
        raise InvalidRequest({"quantity": [str(error)]}) from None

    def swap() -> Posting:
        take = locked_take(actor, stock_take_id, Permission.RECONCILE)
        short, over = _lines(take, short_item_id, over_item_id)
        known = Operation.objects.filter(reference_id=reference_id).first() if reference_id is not None else None
        if known is None:
            _require_swap(take, short, over, quantity)
        # Goods that the book does not know yet are no batch to move anything to.
        if short.batch_id is None or over.batch_id is None:
            raise NoSwap(short_item_id=short_item_id, over_item_id=over_item_id)
        posting = adjust_stock(
            actor=actor,
            lines=[BatchQuantity(short.batch_id, -quantity), BatchQuantity(over.batch_id, quantity)],
            reason=f"Stock take {take.pk}: two batches were mistaken for each other",
            reference_id=reference_id,
            # A retry finds the differences gone, or counted anew: it asks as the first did, and gets its answer.
            occurred_at=_first_counted_at(short, over) if known is None else known.occurred_at,
        )
        if not posting.replayed:
            _note(take, short, over, quantity)
        return posting

    return in_transaction(swap)


def _lines(take: StockTake, *item_ids: int) -> Sequence[VarianceLine]:
    found = variance_lines(take, LinesWanted(item_ids=item_ids), Window(None, len(item_ids)))
    by_id = {line.item_id: line for line in found}
    if unknown := [item_id for item_id in item_ids if item_id not in by_id]:
        raise NotFound("line of this stock take", item_id=unknown[0])
    return [by_id[item_id] for item_id in item_ids]


def _require_swap(take: StockTake, short: VarianceLine, over: VarianceLine, quantity: Decimal) -> None:
    if take.status not in OPEN:
        raise StockTakeClosed(stock_take_id=take.pk, status=take.status)
    mistakable = short.variation_id == over.variation_id and not (short.superseded or over.superseded)
    differing = min(-(short.variance or Decimal(0)), over.variance or Decimal(0))
    if not mistakable or differing < quantity:
        raise NoSwap(
            short_item_id=short.item_id,
            over_item_id=over.item_id,
            short_variance=short.variance,
            over_variance=over.variance,
        )
    if waiting := [line.item_id for line in (short, over) if line.needs_approval]:
        raise ApprovalNeeded(items=len(waiting), item_ids=waiting)


def _first_counted_at(short: VarianceLine, over: VarianceLine) -> dt.datetime:
    """When the first of the two was first seen; a swap later than that could lie between the counts of two places."""
    seen = StockTakeObservation.objects.filter(item_id__in=[short.item_id, over.item_id], round=F("item__round"))
    first: dt.datetime = seen.aggregate(first=Min("counted_at"))["first"]
    return first


def _note(take: StockTake, short: VarianceLine, over: VarianceLine, quantity: Decimal) -> None:
    told = f"{quantity.normalize():f} mistaken for batch"
    changed(
        take,
        "note_swap",
        item_ids=[short.item_id, over.item_id],
        reasons=[f"{told} {over.batch_number}", f"{told} {short.batch_number}"],
        limit=REASON_LIMIT,
    )
