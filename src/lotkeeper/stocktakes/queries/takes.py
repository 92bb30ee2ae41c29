"""Which stock takes there are, and what each is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, QuerySet

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.queries import category_and_below
from lotkeeper.core.errors import NotFound
from lotkeeper.stock.queries import visible_outlets
from lotkeeper.stocktakes.models import CountScope, StockTake, StockTakeAssignee, StockTakeItem, StockTakeStatus

SLICE: Final = "lotkeeper.stocktakes"


def stock_takes(
    actor: Actor,
    *,
    outlet_id: int | None = None,
    status: StockTakeStatus | None = None,
    assigned_to: int | None = None,
) -> QuerySet[StockTake]:
    """The stock takes at the outlets that the actor may see.

    Args:
        actor: who looks.
        outlet_id: only those there.
        status: only those that have come so far.
        assigned_to: only those that were given to this person.

    Raises:
        NotFound: for an outlet that is not theirs to see.
    """
    found: QuerySet[StockTake] = (
        StockTake.objects.select_related("outlet", "user", "reconciled_by")
        .prefetch_related("assignees")
        .filter(outlet_id__in=visible_outlets(actor, outlet_id))
    )
    if status is not None:
        found = found.filter(status=status)
    if assigned_to is not None:
        given = StockTakeAssignee.objects.filter(stock_take_id=OuterRef("pk"), user_id=assigned_to)
        found = found.filter(Exists(given))
    return found


def stock_take_for(actor: Actor, stock_take_id: int) -> StockTake:
    """One stock take.

    Raises:
        NotFound: if it is unknown, another business's, or at an outlet that is not theirs to see.
    """
    take = stock_takes(actor).filter(pk=stock_take_id).first()
    if take is None:
        raise NotFound("stock take", stock_take_id=stock_take_id)
    return take


def counted_so_far(takes: Sequence[StockTake]) -> Mapping[int, int]:
    """How many lines of each of these stock takes were counted."""
    found = StockTakeItem.objects.filter(stock_take__in=[take.pk for take in takes], physical_count__isnull=False)
    return dict(found.values("stock_take_id").annotate(lines=Count("id")).values_list("stock_take_id", "lines"))


def sees_book(actor: Actor, take: StockTake) -> bool:
    """Whether the actor may see what the book says: in a blind count whoever counts may not, unless they post it."""
    counts = actor.may(Permission.COUNT, take.outlet_id)
    return not take.blind or not counts or actor.may(Permission.RECONCILE, take.outlet_id)


def scope_of(take: StockTake) -> Mapping[str, Any]:
    """What a stock take is about, as the slice's statements ask for it; None leaves a question open."""
    return {
        "category_ids": None if take.category_id is None else list(category_and_below(take.category_id)),
        "supplier_id": take.supplier_id,
        "listed_in": take.pk if take.scope == CountScope.LIST else None,
    }
