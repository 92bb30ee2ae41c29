"""Lots that a visitor should find: expired, expiring soon, of one date, recalled, held, corrected."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from lotkeeper.demo.operations._shop import DemoShop, Staff
from lotkeeper.demo.policies.catalogue import articles
from lotkeeper.demo.policies.story import AIRPORT_KIOSK, HARBOUR_ROAD, MARKET_SQUARE, Place
from lotkeeper.demo.queries import lots_on_shelf
from lotkeeper.stock.operations import (
    Arrival,
    BatchQuantity,
    amend_batch,
    hold_batch,
    import_purchases,
    past_entry,
    return_stock,
)
from lotkeeper.stock.policies import MovementKind, OperationKind, outlet_today

_RECALLED: Final = "KT20418"
_SENT_BACK: Final = 8
_HELD: Final = "FR88121"
_MISTYPED: Final = "CB4471"


@dataclass(frozen=True, slots=True)
class _Lot:
    """A batch that stands on the shelf for a reason: what it is, and how many days its date is away."""

    place: Place
    sku: str
    batch_number: str
    quantity: int
    expires_in_days: int
    received_days_ago: int = 30


_LOTS: Final[Sequence[_Lot]] = (
    # Expired and still there.
    _Lot(HARBOUR_ROAD, "CHEESE-03", "L24A7", 4, -3, 60),
    _Lot(HARBOUR_ROAD, "PROBIO-01", "2231-P", 2, -15, 200),
    _Lot(MARKET_SQUARE, "BARS-02", "L1180C2", 11, -6, 120),
    _Lot(AIRPORT_KIOSK, "YOGURT-01", "L9914B1", 5, -1, 20),
    # Within a week, a month, two months.
    _Lot(HARBOUR_ROAD, "KOMBU-01", "K-0712", 9, 6, 70),
    _Lot(HARBOUR_ROAD, "TOFU-01", "T55120", 6, 5, 40),
    _Lot(MARKET_SQUARE, "BUTTER-01", "L5521A4", 14, 7, 60),
    _Lot(AIRPORT_KIOSK, "CRISPS-04", "L3320B8", 18, 12, 80),
    _Lot(HARBOUR_ROAD, "CHOCO-02", "L2207C5", 21, 24, 150),
    _Lot(MARKET_SQUARE, "CEREAL-03", "L6610A2", 8, 29, 130),
    _Lot(HARBOUR_ROAD, "VITC-03", "VC5102", 7, 41, 300),
    _Lot(HARBOUR_ROAD, "JUICE-03", "L4102B6", 15, 52, 100),
    _Lot(AIRPORT_KIOSK, "LOZENG-01", "HL90233", 16, 57, 200),
    # Two lots of one day's delivery with one date: the tie is broken by what was entered first.
    _Lot(HARBOUR_ROAD, "TUNA-01", "T-7701", 12, 55, 45),
    _Lot(HARBOUR_ROAD, "TUNA-01", "T-7702", 24, 55, 45),
    # One lot that its maker recalls, at two outlets; one that is looked into; one whose date was typed wrong.
    _Lot(HARBOUR_ROAD, "COUGH-01", _RECALLED, 14, 300, 50),
    _Lot(MARKET_SQUARE, "COUGH-01", _RECALLED, 9, 300, 50),
    _Lot(HARBOUR_ROAD, "INSULI-01", _HELD, 6, 210, 25),
    _Lot(HARBOUR_ROAD, "CREAM-01", _MISTYPED, 10, 100, 3),
)


def receive_lots(*, shop: DemoShop) -> Mapping[str, Sequence[int]]:
    """Put lots on the shelves that show what a stock keeper must see; the batches' ids by batch number."""
    known = {each.sku: each for each in articles()}
    for position, lot in enumerate(_LOTS):
        article, outlet_id = known[lot.sku], shop.outlet(lot.place)
        today = outlet_today(lot.place.timezone, shop.now)
        at = lot.place.moment(today - dt.timedelta(days=lot.received_days_ago), 6, 45)
        arrival = Arrival(
            outlet_id,
            shop.variations[article.number],
            lot.batch_number,
            today + dt.timedelta(days=lot.expires_in_days),
            article.usual_cost,
            at,
        )
        lines = [(Decimal(lot.quantity), arrival)]
        entry = past_entry(
            OperationKind.RECEIPT,
            {"outlet_id": outlet_id, "lines": lines},
            reference_id=f"{lot.place.code}-extra-{position + 1}",
            occurred_at=at,
            reason="Extra delivery",
        )
        import_purchases(actor=shop.bookkeeper, outlet_id=outlet_id, receipts=[(entry, lines)])
    found: dict[str, list[int]] = defaultdict(list)
    for place in (HARBOUR_ROAD, MARKET_SQUARE):
        for each in lots_on_shelf(shop.outlet(place)):
            found[each.batch_number].append(each.batch_id)
    return found


def hold_lots(*, shop: DemoShop, staff: Staff, batches: Mapping[str, Sequence[int]]) -> None:
    """Keep from sale what its maker recalls and what is looked into, and correct a date."""
    for batch_id in batches[_RECALLED]:
        reason = "Recalled by its maker: the cap may not close"
        hold_batch(actor=staff.owner, batch_id=batch_id, reason=reason, recalled=True)
    return_stock(
        actor=staff.manager,
        lines=[BatchQuantity(batches[_RECALLED][0], Decimal(_SENT_BACK))],
        movement_type=MovementKind.SUPPLIER_RETURN,
        reason="First box of the recall",
    )
    (held,) = batches[_HELD]
    hold_batch(actor=staff.manager, batch_id=held, reason="The fridge was warm overnight; waiting for advice")
    (mistyped,) = batches[_MISTYPED]
    right_date = outlet_today(HARBOUR_ROAD.timezone, shop.now) + dt.timedelta(days=18)
    amend_batch(
        actor=staff.manager,
        batch_id=mistyped,
        changes={"expiry_date": right_date},
        reason="Day and month were swapped at the receipt",
    )
