"""What is going on: goods between outlets, an order promised, and what was sold this morning."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from lotkeeper.accounts.policies import Actor
from lotkeeper.demo.operations._shop import DemoShop, Staff
from lotkeeper.demo.policies.catalogue import articles
from lotkeeper.demo.policies.story import AIRPORT_KIOSK, EXAMPLE_SKU, HARBOUR_ROAD, MARKET_SQUARE, Place
from lotkeeper.demo.queries import lots_on_shelf
from lotkeeper.stock.operations import (
    IssueLine,
    Posting,
    VariationQuantity,
    deduct_stock,
    reserve_stock,
    return_sale,
    reverse_operation,
)
from lotkeeper.stock.policies import is_expired, outlet_today
from lotkeeper.transfers.models import Transfer
from lotkeeper.transfers.operations import ArrivedLine, receive_transfer, transfer_stock

#: Enough to give some away and still have some.
_PLENTY: Final = 8
_SALES_TODAY: Final = 14
_MINUTES_BETWEEN: Final = 11


def open_today(*, shop: DemoShop, staff: Staff) -> None:
    """Everything of the present, by the people who work today."""
    _move_between_outlets(shop, staff)
    _promise(shop, staff)
    _sell(shop, staff)


def _move_between_outlets(shop: DemoShop, staff: Staff) -> None:
    """One transfer that arrived whole, one that arrived short, one on its way."""
    owner = staff.owner
    complete = _send(shop, owner, HARBOUR_ROAD, MARKET_SQUARE, reference="transfer-1", pieces=[6, 4])
    receive_transfer(actor=owner, transfer_id=complete.pk, reference_id="transfer-1-arrived")
    short = _send(shop, owner, MARKET_SQUARE, AIRPORT_KIOSK, reference="transfer-2", pieces=[6])
    # Which lots went depends on the day: six pieces may have come from several.
    largest, *others = short.lines.order_by("-quantity_sent", "id")
    broken = min(largest.quantity_sent, Decimal(2))
    arrived = [ArrivedLine(largest.pk, largest.quantity_sent - broken, "Broken on the way")]
    arrived += [ArrivedLine(line.pk, line.quantity_sent) for line in others]
    receive_transfer(actor=owner, transfer_id=short.pk, arrived=arrived, reference_id="transfer-2-arrived")
    _send(shop, staff.clerk, HARBOUR_ROAD, AIRPORT_KIOSK, reference="transfer-3", pieces=[5, 5, 3])


def _send(
    shop: DemoShop, actor: Actor, source: Place, destination: Place, *, reference: str, pieces: Sequence[int]
) -> Transfer:
    chosen = shop.rng.sample(_plenty(shop, source, wanted_at=destination), len(pieces))
    return transfer_stock(
        actor=actor,
        source_id=shop.outlet(source),
        destination_id=shop.outlet(destination),
        lines=[IssueLine(variation_id, Decimal(count)) for variation_id, count in zip(chosen, pieces, strict=True)],
        reference_id=reference,
        note=f"For the shelves at {destination.name}",
    )


def _promise(shop: DemoShop, staff: Staff) -> None:
    chosen = shop.rng.sample(_plenty(shop, HARBOUR_ROAD, wanted_at=HARBOUR_ROAD), 3)
    reserve_stock(
        actor=staff.clerk,
        outlet_id=shop.outlet(HARBOUR_ROAD),
        lines=[IssueLine(variation_id, Decimal(2)) for variation_id in chosen],
        hold_for=dt.timedelta(days=5),
        reference_id="web-1042",
        reason="Web order 1042, to be collected",
    )


def _sell(shop: DemoShop, staff: Staff) -> None:
    """The clerk's sales of the last hours; one comes back, and one was rung up twice."""
    sales: list[Posting] = []
    # Each article once: it has plenty, so that no sale falls short.
    waiting = shop.rng.sample(_plenty(shop, HARBOUR_ROAD, wanted_at=HARBOUR_ROAD), 2 * _SALES_TODAY)
    for number in range(_SALES_TODAY):
        basket = [waiting.pop() for _ in range(shop.rng.randint(1, 2))]
        sales.append(
            deduct_stock(
                actor=staff.clerk,
                outlet_id=shop.outlet(HARBOUR_ROAD),
                lines=[IssueLine(variation_id, Decimal(1)) for variation_id in basket],
                reference_id=f"{HARBOUR_ROAD.code}-today-{number + 1:03}",
                occurred_at=shop.now - dt.timedelta(minutes=_MINUTES_BETWEEN * (_SALES_TODAY - number)),
            )
        )
    returned = sales[2].movements[0]
    return_sale(
        actor=staff.clerk,
        sale_id=sales[2].operation_id,
        lines=[VariationQuantity(returned.variation_id, Decimal(1))],
        reason="Unopened, changed their mind",
    )
    reverse_operation(actor=staff.manager, operation_id=sales[5].operation_id, reason="Rung up twice")


def _plenty(shop: DemoShop, place: Place, *, wanted_at: Place) -> Sequence[int]:
    """Variations by the piece of which an outlet has enough, and that the other one sells."""
    by_variation = {shop.variations[each.number]: each for each in articles()}
    # Midnight may pass while the shop is being made: what is good tomorrow is good then too.
    tomorrow = outlet_today(place.timezone, shop.now) + dt.timedelta(days=1)
    sellable: dict[int, Decimal] = defaultdict(Decimal)
    for lot in lots_on_shelf(shop.outlet(place)):
        article = by_variation[lot.variation_id]
        whole = article.decimals == 0 and article.sku != EXAMPLE_SKU and wanted_at.letter in article.outlets
        if whole and not is_expired(lot.expiry_date, article.margin_days, tomorrow):
            sellable[lot.variation_id] += lot.quantity
    return [variation_id for variation_id, quantity in sellable.items() if quantity >= _PLENTY]
