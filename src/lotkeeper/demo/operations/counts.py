"""What is counted: some shelves that were put right last night, and a count that is going on, blind."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from lotkeeper.accounts.policies import Actor
from lotkeeper.demo.operations._shop import DemoShop, Staff
from lotkeeper.demo.policies.catalogue import articles
from lotkeeper.demo.policies.story import EXAMPLE_SKU, HARBOUR_ROAD, MARKET_SQUARE, Place
from lotkeeper.demo.queries import ShelfLot, category_id, lots_on_shelf
from lotkeeper.stocktakes.models import CountScope
from lotkeeper.stocktakes.operations import (
    Observation,
    Rules,
    Scope,
    complete_stock_take,
    open_stock_take,
    reconcile_stock_take,
    record_counts,
)

#: Enough to miss some and still have some.
_ENOUGH: Final = 4
_SHELVES: Final = 24
#: What the counter found more or less than the book, and why, as far as anybody knew.
_DIFFERENCES: Final = (
    (-2, "Missing"),
    (-1, "Broken, thrown away, not entered"),
    (-1, ""),
    (1, "Found behind other goods"),
    (3, "Found in stockroom"),
)
_BEING_COUNTED: Final = "Cosmetics"


def count_shelves(*, shop: DemoShop, staff: Staff) -> None:
    """A count at Harbour Road that was posted, and one at Market Square that the counter is in the middle of."""
    _put_right(shop, staff)
    _begin(shop, staff)


def _put_right(shop: DemoShop, staff: Staff) -> None:
    lots = shop.rng.sample(_countable(shop, HARBOUR_ROAD), _SHELVES)
    take = open_stock_take(
        actor=staff.manager,
        outlet_id=shop.outlet(HARBOUR_ROAD),
        scope=Scope(CountScope.LIST, batch_ids=[lot.batch_id for lot in lots]),
        notes="The shelves behind the counter",
        reference_id="count-1",
    )
    found = [Observation(lot.batch_id, lot.quantity) for lot in lots[len(_DIFFERENCES) :]]
    for lot, (difference, reason) in zip(lots, _DIFFERENCES, strict=False):
        found.append(Observation(lot.batch_id, lot.quantity + difference, reason=reason))
    record_counts(actor=staff.clerk, stock_take_id=take.pk, observations=found)
    complete_stock_take(actor=staff.clerk, stock_take_id=take.pk)
    reconcile_stock_take(actor=staff.manager, stock_take_id=take.pk, reference_id="count-1-posted")


def _begin(shop: DemoShop, staff: Staff) -> None:
    take = open_stock_take(
        actor=staff.owner,
        outlet_id=shop.outlet(MARKET_SQUARE),
        scope=Scope(CountScope.CATEGORY, category_id=category_id(_BEING_COUNTED)),
        rules=Rules(blind=True, assignee_ids=[staff.counter.user_id]),
        notes="Creams and soaps, before the holidays",
        reference_id="count-2",
    )
    _count_half(shop, staff.counter, take.pk)


def _count_half(shop: DemoShop, counter: Actor, stock_take_id: int) -> None:
    by_variation = {shop.variations[each.number]: each for each in articles()}
    lots = [
        lot for lot in _countable(shop, MARKET_SQUARE) if by_variation[lot.variation_id].category[0] == _BEING_COUNTED
    ]
    counted = [Observation(lot.batch_id, lot.quantity, place="Shelf") for lot in lots[: len(lots) // 2]]
    first, *others = counted
    short = Observation(first.batch, first.quantity - 1, place="Shelf")
    record_counts(actor=counter, stock_take_id=stock_take_id, observations=[short, *others])


def _countable(shop: DemoShop, place: Place) -> Sequence[ShelfLot]:
    """Lots by the piece of which there are some; not those of the first request to try, whose numbers are known."""
    by_variation = {shop.variations[each.number]: each for each in articles()}

    def countable(lot: ShelfLot) -> bool:
        article = by_variation[lot.variation_id]
        return article.decimals == 0 and article.sku != EXAMPLE_SKU and lot.quantity >= Decimal(_ENOUGH)

    return [lot for lot in lots_on_shelf(shop.outlet(place)) if countable(lot)]
