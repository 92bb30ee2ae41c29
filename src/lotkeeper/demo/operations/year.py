"""A year of trade, entered as an old shop's books are: in the order in which it happened, week by week."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from django.db import transaction

from lotkeeper.demo.operations._shop import DemoShop, Progress
from lotkeeper.demo.operations.mishaps import put_right
from lotkeeper.demo.policies.catalogue import Article, articles
from lotkeeper.demo.policies.rhythm import baskets_of_week, delivered, is_fresh, to_order, weekly_demand
from lotkeeper.demo.policies.story import EXAMPLE_SKU, HARBOUR_ROAD, PLACES, Place, Supplier, supplier_of
from lotkeeper.demo.queries import lots_on_shelf
from lotkeeper.stock.operations import (
    Arrival,
    Fate,
    Issue,
    IssueLine,
    import_opening_stock,
    import_purchases,
    import_sales,
    past_entry,
)
from lotkeeper.stock.policies import OperationKind, is_expired, outlet_today

WEEK: Final = dt.timedelta(days=7)
#: The large deliveries, and the round through the shelves, come every so many weeks.
ROUND_WEEKS: Final = 4
#: Some articles were forgotten in the last orders: they stand below their reorder point now.
_FORGOTTEN_WEEKS: Final = 10
_FORGOTTEN_EVERY: Final = 19


@dataclass(frozen=True, slots=True)
class Branch:
    """An outlet with what it sells, and the numbers of its receipts."""

    place: Place
    outlet_id: int
    shelf: Sequence[Article]
    demand: Mapping[int, float]
    by_variation: Mapping[int, Article]
    receipt_numbers: Iterator[int] = field(default_factory=lambda: itertools.count(100_001))


def trade(*, shop: DemoShop, weeks: int, progress: Progress) -> None:
    """Stock the outlets, then buy, sell and put right for so many weeks up to yesterday."""
    branches = [_branch(shop, place) for place in PLACES]
    sold: dict[str, list[int]] = defaultdict(list)
    for week in range(weeks):
        # Week by week, so that the database can tidy up behind itself: in one transaction it took six times as long.
        with transaction.atomic():
            for branch in branches:
                _trade_a_week(shop, branch, sold, week=week, weeks=weeks)
        progress("A year of trade", week + 1, weeks)


def _trade_a_week(shop: DemoShop, branch: Branch, sold: dict[str, list[int]], *, week: int, weeks: int) -> None:
    place = branch.place
    first_day = outlet_today(place.timezone, shop.now) - WEEK * (weeks - week)
    _stock_up(shop, branch, first_day, week=week, weeks=weeks)
    sold[place.code] += _sell(shop, branch, [first_day + dt.timedelta(days=day) for day in range(7)])
    if week % ROUND_WEEKS == ROUND_WEEKS - 1:
        since = first_day - WEEK * (ROUND_WEEKS - 1)
        put_right(
            shop=shop,
            place=place,
            articles=branch.by_variation,
            sales=sold.pop(place.code),
            days=[since + dt.timedelta(days=day) for day in range(7 * ROUND_WEEKS)],
        )


def _branch(shop: DemoShop, place: Place) -> Branch:
    # The article of the example keeps its two batches to itself where the example is tried.
    kept = {EXAMPLE_SKU} if place is HARBOUR_ROAD else set()
    shelf = [each for each in articles() if place.letter in each.outlets and each.sku not in kept]
    return Branch(
        place=place,
        outlet_id=shop.outlet(place),
        shelf=shelf,
        demand=weekly_demand(place, shelf),
        by_variation={shop.variations[each.number]: each for each in shelf},
    )


def _stock_up(shop: DemoShop, branch: Branch, day: dt.date, *, week: int, weeks: int) -> None:
    """Fresh goods every week, everything else every four; in the first week, what the shop starts with."""
    at = branch.place.moment(day, 4, 30)
    by_supplier: dict[Supplier, list[tuple[Decimal, Arrival]]] = defaultdict(list)
    for article, quantity in _orders(branch, day, everything=week % ROUND_WEEKS == 0):
        forgotten = article.number % _FORGOTTEN_EVERY == 0 and weeks - week <= _FORGOTTEN_WEEKS
        if week and forgotten:
            continue
        goods = delivered(shop.rng, article, day, years_on=week / 52)
        variation_id = shop.variations[article.number]
        arrival = Arrival(
            branch.outlet_id, variation_id, goods.batch_number, goods.expiry_date, goods.unit_cost, received_at=at
        )
        by_supplier[supplier_of(article.category)].append((quantity, arrival))
    receipts = []
    for supplier, lines in by_supplier.items():
        entry = past_entry(
            OperationKind.RECEIPT,
            {"outlet_id": branch.outlet_id, "lines": lines},
            reference_id=f"{branch.place.code}-{supplier.code}-{day:%Y%m%d}",
            occurred_at=at,
            reason=f"Delivery from {supplier.name}" if week else "What the shop started with",
        )
        receipts.append((entry, lines))
    if receipts:
        post = import_purchases if week else import_opening_stock
        post(actor=shop.bookkeeper, outlet_id=branch.outlet_id, receipts=receipts)


def _orders(branch: Branch, day: dt.date, *, everything: bool) -> Sequence[tuple[Article, Decimal]]:
    # What cannot be sold any more a week from now will be missing too.
    horizon = day + WEEK
    on_hand: dict[int, Decimal] = defaultdict(Decimal)
    for lot in lots_on_shelf(branch.outlet_id):
        article = branch.by_variation.get(lot.variation_id)
        if article is not None and not is_expired(lot.expiry_date, article.margin_days, horizon):
            on_hand[article.number] += lot.quantity
    wanted = [
        (each, to_order(each, on_hand[each.number], branch.demand[each.number]))
        for each in branch.shelf
        if everything or is_fresh(each)
    ]
    return [(article, quantity) for article, quantity in wanted if quantity]


def _sell(shop: DemoShop, branch: Branch, days: Sequence[dt.date]) -> Sequence[int]:
    """Post what the customers bought; a basket that could not be filled is not sold. The sales' numbers."""
    sales = []
    for basket in baskets_of_week(shop.rng, branch.place, branch.shelf, days):
        lines = [IssueLine(shop.variations[article.number], quantity) for article, quantity in basket.lines]
        entry = past_entry(
            OperationKind.ISSUE,
            {"outlet_id": branch.outlet_id, "lines": lines},
            reference_id=f"{branch.place.code}-{next(branch.receipt_numbers)}",
            occurred_at=basket.at,
        )
        sales.append(Issue(entry, lines))
    # By the week's last day nothing was sold that had expired on its own day.
    outcomes = import_sales(actor=shop.bookkeeper, outlet_id=branch.outlet_id, sales=sales, today=days[-1])
    return [each.operation_id for each in outcomes if each.fate is Fate.POSTED and each.operation_id is not None]
