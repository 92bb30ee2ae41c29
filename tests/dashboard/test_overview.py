"""The overview: what needs attention, with true numbers, at the outlets that somebody may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

from django.db import transaction
from tests.conftest import Colleague
from tests.stock.conftest import Shop, make_outlet, shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.catalog.operations import VariationFields, update_variation
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.dashboard.queries import Overview, overview_of
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.operations import IssueLine, hold_batch
from lotkeeper.transfers.operations import transfer_stock

__all__ = ["make_outlet", "shop"]


def seen_by(actor: Actor, outlet_id: int | None = None) -> Overview:
    with transaction.atomic():
        return overview_of(actor, outlet_id=outlet_id, now=dt.datetime.now(dt.UTC), timezone="UTC")


def test_the_numbers_are_those_of_the_batches(shop: Shop) -> None:
    milk, soap = shop.variation(margin=2), shop.variation()
    shop.receive(milk, 4, "OLD", expires_in=-1, cost="2.00")
    # Too late by the product's margin, though the printed day has not come.
    shop.receive(milk, 3, "LATE", expires_in=1, cost="2.00")
    shop.receive(milk, 10, "SOON", expires_in=9, cost="1.50")
    shop.receive(soap, 5, "S", cost="0.0125")
    held = shop.receive(soap, 1, "H", expires_in=20, cost="1")
    hold_batch(actor=shop.actor, batch_id=held, reason="Looked into")
    shop.sell(milk, 2)
    seen = seen_by(shop.actor)
    [outlet] = seen.outlets
    assert outlet[1:] == ("Main street", 5, Decimal("27.0625"), Decimal(13), 2, Decimal(14), 2)
    assert seen.total.value == Decimal("27.0625")
    assert [(week.lots, week.value) for week in seen.weeks[:4]] == [(1, 6), (1, 12), (1, 1), (0, 0)]
    assert (len(seen.sold), sum(seen.sold), seen.sold[-1]) == (30, Decimal(3), Decimal(3))
    assert [view.batch.batch_number for view in seen.expired] == ["OLD"]
    assert [view.batch.batch_number for view in seen.use_first] == ["SOON"]


def test_what_may_be_sold_is_held_against_the_reorder_point(shop: Shop) -> None:
    enough, low, expired = shop.variation(), shop.variation(), shop.variation()
    for variation in (enough, low, expired):
        update_variation(actor=shop.actor, variation_id=variation.pk, changes=VariationFields(reorder_point=Decimal(5)))
    shop.receive(enough, 5)
    shop.receive(low, 4)
    shop.receive(expired, 9, "OLD", expires_in=-1)
    seen = seen_by(shop.actor)
    assert {row.variation.pk for row in seen.low} == {low.pk, expired.pk}
    assert all(row.is_low for row in seen.low)


def test_an_outlet_is_seen_by_itself_and_goods_on_their_way_are_counted(
    shop: Shop, business: NewTenant, colleague: Colleague, make_outlet: Callable[..., Outlet]
) -> None:
    milk = shop.variation()
    other = make_outlet("Mill Lane")
    shop.receive(milk, 10, cost="1")
    shop.receive(milk, 2, "B", outlet=other, cost="1")
    transfer_stock(
        actor=shop.actor, source_id=shop.outlet.pk, destination_id=other.pk, lines=[IssueLine(milk.pk, Decimal(4))]
    )
    assert [(each.name, each.value) for each in seen_by(shop.actor).outlets] == [("Main street", 6), ("Mill Lane", 2)]
    clerk = colleague(business, Role.CLERK, other.pk)
    with tenant_scope(business.tenant.pk):
        seen = seen_by(clerk)
    assert [each.name for each in seen.outlets] == ["Mill Lane"]
    assert seen.in_transit == 1
