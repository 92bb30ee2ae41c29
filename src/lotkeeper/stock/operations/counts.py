"""What was counted meets what the book says."""

from __future__ import annotations

from collections.abc import Sequence

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.stock import _ledger
from lotkeeper.stock._ledger import CountLine, CountPosting
from lotkeeper.stock.operations._entry import past_entry
from lotkeeper.stock.policies import OperationKind


def post_counts(
    *,
    actor: Actor,
    outlet_id: int,
    lines: Sequence[CountLine],
    reason: str,
    reference_id: str | None = None,
    note: str = "",
) -> CountPosting:
    """Put the book right by what was counted: each batch moves by its difference from the book of its own moment.

    Sales before or after the counting do not matter; the movement is dated to the counting. A batch of which a later
    count was posted is left alone.

    Args:
        actor: who posts.
        outlet_id: where it was counted; every batch is there.
        lines: each batch once, in the base unit.
        reason: which stock take it was.
        reference_id: the same count under it is posted once.
        note: a longer remark.

    Raises:
        SoldSinceCounted: more was sold since than had been counted; nothing was posted.
        CountedTwice: a batch found as unknown is another line's.
        InvalidRequest: without lines.
        BatchArchived, TooPrecise, ReferenceReused, PermissionRefused, NotFound.
    """
    actor.require(Permission.RECONCILE, outlet_id)
    if not lines:
        raise InvalidRequest({"lines": ["Nothing was counted."]})
    entry = past_entry(
        OperationKind.STOCK_TAKE,
        {"outlet_id": outlet_id, "lines": lines},
        reference_id=reference_id,
        reason=reason,
        note=note,
        occurred_at=None,
    )
    return in_transaction(lambda: _ledger.post_counts(actor, entry, outlet_id=outlet_id, lines=lines))
