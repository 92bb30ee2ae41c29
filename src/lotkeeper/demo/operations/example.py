"""The article of the first request to try: what is left of one batch, and a second one behind it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Final

from lotkeeper.demo.operations._shop import DemoShop
from lotkeeper.demo.policies.catalogue import articles
from lotkeeper.demo.policies.story import EXAMPLE_SKU, HARBOUR_ROAD
from lotkeeper.stock.operations import (
    Arrival,
    Issue,
    IssueLine,
    import_purchases,
    import_sales,
    past_entry,
)
from lotkeeper.stock.policies import OperationKind, outlet_today

#: Sold over the months before, so that three of the first batch are left.
_BOUGHT: Final = 60
_SOLD_EACH: Final = 3
_SALES: Final = 19
_SECOND: Final = 40
_FIRST_EXPIRES_DAYS: Final = 45
_SECOND_EXPIRES_DAYS: Final = 59


def example_variation_id(shop: DemoShop) -> int:
    """The variation that the first request takes."""
    (article,) = [each for each in articles() if each.sku == EXAMPLE_SKU]
    return shop.variations[article.number]


def prepare_example(*, shop: DemoShop, weeks: int) -> None:
    """Buy a batch, sell it down to three, and buy a second that expires two weeks later."""
    today = outlet_today(HARBOUR_ROAD.timezone, shop.now)
    span = dt.timedelta(weeks=weeks)
    _buy(shop, "BATCH-001", _BOUGHT, today + dt.timedelta(days=_FIRST_EXPIRES_DAYS), today - span)
    sales = []
    for number in range(_SALES):
        day = today - span + (number + 1) * span / (_SALES + 2)
        lines = [IssueLine(example_variation_id(shop), Decimal(_SOLD_EACH))]
        entry = past_entry(
            OperationKind.ISSUE,
            {"outlet_id": shop.outlet(HARBOUR_ROAD), "lines": lines},
            reference_id=f"{HARBOUR_ROAD.code}-{90_001 + number}",
            occurred_at=HARBOUR_ROAD.moment(day, 11, 30),
        )
        sales.append(Issue(entry, lines))
    import_sales(actor=shop.bookkeeper, outlet_id=shop.outlet(HARBOUR_ROAD), sales=sales, today=today)
    _buy(shop, "BATCH-002", _SECOND, today + dt.timedelta(days=_SECOND_EXPIRES_DAYS), today - span / 6)


def _buy(shop: DemoShop, batch_number: str, quantity: int, expiry_date: dt.date, day: dt.date) -> None:
    outlet_id = shop.outlet(HARBOUR_ROAD)
    at = HARBOUR_ROAD.moment(day, 6, 15)
    arrival = Arrival(outlet_id, example_variation_id(shop), batch_number, expiry_date, Decimal("3.40"), at)
    lines = [(Decimal(quantity), arrival)]
    entry = past_entry(
        OperationKind.RECEIPT,
        {"outlet_id": outlet_id, "lines": lines},
        reference_id=f"{HARBOUR_ROAD.code}-{batch_number}",
        occurred_at=at,
        reason="Delivery from Atlantic Medical Supply",
    )
    import_purchases(actor=shop.bookkeeper, outlet_id=outlet_id, receipts=[(entry, lines)])
