"""A stock take comes to its end: counted, counted again, approved, posted or cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.stock.models import StockMovement
from lotkeeper.stock.operations import Arrival, CountLine, CountPosting, post_counts
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.errors import ApprovalNeeded, OwnCount, RecountOutstanding, StockTakeClosed
from lotkeeper.stocktakes.models import NOTES_LIMIT, StockTake, StockTakeItem, StockTakeObservation, StockTakeStatus
from lotkeeper.stocktakes.operations._take import OPEN, changed, database_now, link_found, locked_take
from lotkeeper.stocktakes.queries import LinesWanted, scope_of, variance_lines

#: How many lines a refusal names; it says how many there are.
_TOLD: Final = 100
#: More lines than an outlet has batches.
MAX_LINES: Final = 200_000


def note_stock_take(*, actor: Actor, stock_take_id: int, notes: str) -> StockTake:
    """Change the remark on a stock take that is not posted yet.

    Raises:
        StockTakeClosed: it is posted or cancelled.
        InvalidRequest, PermissionRefused, NotFound.
    """
    if len(notes) > NOTES_LIMIT:
        raise InvalidRequest({"notes": [f"At most {NOTES_LIMIT} characters."]})

    def note() -> StockTake:
        take = locked_take(actor, stock_take_id, Permission.COUNT, OPEN)
        take.notes = notes
        take.save(update_fields=["notes", "updated_at"])
        return take

    return in_transaction(note)


def complete_stock_take(*, actor: Actor, stock_take_id: int) -> StockTake:
    """End the counting. What is in scope and was not found becomes 0, if the stock take was opened so.

    Raises:
        StockTakeClosed: it is posted or cancelled. One that is completed already stays as it is.
        PermissionRefused, NotFound.
    """

    def complete() -> StockTake:
        take = locked_take(actor, stock_take_id, Permission.COUNT, OPEN)
        if take.status == StockTakeStatus.COMPLETED:
            take.replayed = True
            return take
        return _complete(actor, take)

    return in_transaction(complete)


def request_recount(*, actor: Actor, stock_take_id: int, item_ids: Sequence[int]) -> StockTake:
    """Have some lines counted again: what was seen of them so far is kept, and no longer counts.

    Raises:
        StockTakeClosed, InvalidRequest, PermissionRefused, NotFound.
    """

    def recount() -> StockTake:
        take = locked_take(actor, stock_take_id, Permission.RECONCILE, OPEN)
        _require_items(take, item_ids)
        changed(take, "begin_round", item_ids=list(item_ids))
        return take

    return in_transaction(recount)


def approve_differences(*, actor: Actor, stock_take_id: int, item_ids: Sequence[int] | None = None) -> StockTake:
    """Stand for differences that need it: those named, or all. Nobody stands for what they counted themselves.

    They are those beyond the tolerance, and those of batches of which something moved between the counts of two places.
    An approval is for the difference as it is; if it changes, it needs another.

    Raises:
        OwnCount: with the lines that the actor counted; nothing was approved.
        StockTakeClosed, PermissionRefused, NotFound.
    """

    def approve() -> StockTake:
        take = locked_take(actor, stock_take_id, Permission.RECONCILE, OPEN)
        if item_ids is not None:
            _require_items(take, item_ids)
        link_found(take)
        waiting = variance_lines(take, LinesWanted(item_ids=item_ids, only_unapproved=True), Window(None, MAX_LINES))
        ids = [line.item_id for line in waiting]
        own = StockTakeObservation.objects.filter(item_id__in=ids, user_id=actor.user_id)
        if counted := sorted(set(own.values_list("item_id", flat=True))):
            raise OwnCount(items=len(counted), item_ids=counted[:_TOLD])
        changed(
            take,
            "approve",
            user_id=actor.user_id,
            now=database_now(),
            item_ids=ids,
            variances=[line.variance for line in waiting],
        )
        return take

    return in_transaction(approve)


def reconcile_stock_take(*, actor: Actor, stock_take_id: int, reference_id: str | None = None) -> tuple[StockTake, int]:
    """Put the book right by what was counted, as one operation: once, however often it is asked for.

    A stock take that is still open is completed first. Gives the stock take and how many batches were adjusted.

    Raises:
        RecountOutstanding, ApprovalNeeded: something must be done first; nothing was posted.
        SoldSinceCounted: some lines must be counted again; nothing was posted.
        StockTakeClosed: it was cancelled.
        InvalidRequest: nothing was counted.
        BatchArchived, TooPrecise, ReferenceReused, PermissionRefused, NotFound.
    """

    def reconcile() -> tuple[StockTake, int]:
        take = locked_take(actor, stock_take_id, Permission.RECONCILE)
        if take.status == StockTakeStatus.RECONCILED:
            take.replayed = True
            return take, _adjusted(take)
        if take.status == StockTakeStatus.CANCELLED:
            raise StockTakeClosed(stock_take_id=take.pk, status=take.status)
        if take.status == StockTakeStatus.DRAFT:
            _complete(actor, take)
        _require_recounted(take)
        posting = _post(actor, take, reference_id)
        take.status = StockTakeStatus.RECONCILED
        take.reconciled_at = database_now()
        take.reconciled_by_id = actor.user_id
        take.operation_id = posting.operation_id
        take.save(update_fields=["status", "reconciled_at", "reconciled_by", "operation", "updated_at"])
        return take, _adjusted(take)

    return in_transaction(reconcile)


def cancel_stock_take(*, actor: Actor, stock_take_id: int) -> StockTake:
    """Give a stock take up. What was seen is kept; nothing is posted.

    Raises:
        StockTakeClosed: it was posted. One that is cancelled already stays so.
        PermissionRefused, NotFound.
    """

    def cancel() -> StockTake:
        take = locked_take(actor, stock_take_id, Permission.RECONCILE, OPEN | {StockTakeStatus.CANCELLED})
        take.replayed = take.status == StockTakeStatus.CANCELLED
        take.status = StockTakeStatus.CANCELLED
        take.save(update_fields=["status", "updated_at"])
        return take

    return in_transaction(cancel)


def _complete(actor: Actor, take: StockTake) -> StockTake:
    now = database_now()
    if take.uncounted_is_zero:
        changed(
            take,
            "count_rest_as_zero",
            **scope_of(take),
            opened_at=take.created_at,
            now=now,
            user_id=actor.user_id,
            token_id=actor.token_id,
        )
    take.status = StockTakeStatus.COMPLETED
    take.completed_at = now
    take.save(update_fields=["status", "completed_at", "updated_at"])
    return take


def _post(actor: Actor, take: StockTake, reference_id: str | None) -> CountPosting:
    link_found(take)
    items = list(
        StockTakeItem.objects.filter(stock_take=take, physical_count__isnull=False)
        .order_by("id")
        .values_list(
            "id", "batch_id", "physical_count", "counted_at", "variation_id", "found_number", "found_expiry_date",
            "found_unit_cost",
        )
    )  # fmt: skip
    lines = [
        CountLine(
            batch_id or Arrival(take.outlet_id, variation_id, number, expiry, cost),
            counted,
            counted_at,
        )
        for _, batch_id, counted, counted_at, variation_id, number, expiry, cost in items
    ]
    posting = post_counts(
        actor=actor, outlet_id=take.outlet_id, lines=lines, reason=f"Stock take {take.pk}", reference_id=reference_id
    )
    changed(
        take,
        "freeze_items",
        item_ids=[item[0] for item in items],
        batch_ids=[line.batch_id for line in posting.lines],
        books=[line.book for line in posting.lines],
        versions=[line.version for line in posting.lines],
        superseded=[line.superseded for line in posting.lines],
    )
    # By the figures that were posted, which nobody can change any more; refused here, nothing of it stands.
    _require_approved(take)
    return posting


def _require_recounted(take: StockTake) -> None:
    waiting = StockTakeItem.objects.filter(stock_take=take, awaiting_recount=True).order_by("id")
    if ids := list(waiting.values_list("id", flat=True)[:_TOLD]):
        raise RecountOutstanding(items=waiting.count(), item_ids=ids)


def _require_approved(take: StockTake) -> None:
    waiting = variance_lines(take, LinesWanted(only_unapproved=True), Window(None, MAX_LINES))
    if waiting:
        raise ApprovalNeeded(items=len(waiting), item_ids=[line.item_id for line in waiting[:_TOLD]])


def _adjusted(take: StockTake) -> int:
    adjusted: int = StockMovement.objects.filter(operation_id=take.operation_id).count()
    return adjusted


def _require_items(take: StockTake, item_ids: Sequence[int]) -> None:
    wanted = set(item_ids)
    if not wanted or len(wanted) > MAX_LINES:
        raise InvalidRequest({"item_ids": [f"Between 1 and {MAX_LINES} lines, please."]})
    known = set(StockTakeItem.objects.filter(stock_take=take, pk__in=wanted).values_list("id", flat=True))
    if unknown := sorted(wanted - known):
        raise NotFound("line of this stock take", item_id=unknown[0])
