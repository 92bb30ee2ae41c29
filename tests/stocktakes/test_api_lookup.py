"""A scan while counting: what it is, on which batch here, or what to fill in; never how much the book says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done, problem
from tests.stock.conftest import Shop

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.operations import add_barcode, create_pack
from lotkeeper.outlets.models import Outlet

TAKES = f"{INVENTORY}stock-takes/"
GTIN = "4006381333931"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


@pytest.fixture
def item(shop: Shop) -> ItemVariation:
    item = shop.variation()
    add_barcode(actor=shop.actor, variation_id=item.pk, code=GTIN)
    return item


@pytest.fixture
def scan(shop: Shop, api: APIClient) -> Callable[..., dict[str, Any]]:
    take = done(api.post(TAKES, {"outlet_id": shop.outlet.pk}))["id"]
    return lambda code, of=take: done(api.get(f"{TAKES}{of}/lookup/?code={quote(code)}"), 200)


def days_from_now(days: int) -> dt.date:
    return dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)


def test_a_barcode_names_every_batch_that_stands_here(
    shop: Shop, item: ItemVariation, scan: Any, make_outlet: Callable[..., Outlet]
) -> None:
    late = shop.receive(item, 7, "late", expires_in=90)
    soon = shop.receive(item, 5, "soon", expires_in=9)
    gone = shop.receive(item, 1, "gone", expires_in=1)
    shop.sell(item, 1, batch=gone)
    shop.receive(item, 4, "elsewhere", outlet=make_outlet("Second"))

    told = scan(GTIN)

    assert (told["variation"]["id"], told["pack"], told["factor"], told["in_scope"]) == (item.pk, None, 1, True)
    assert told["batches"] == [
        {
            "batch_id": batch,
            "batch_number": number,
            "expiry_date": days_from_now(days).isoformat(),
            "status": "available",
            "item_id": None,
            "physical_count": None,
        }
        for batch, number, days in ((soon, "soon", 9), (late, "late", 90))
    ]
    assert told["new_batch"] == {"variation_id": item.pk, "batch_number": "", "expiry_date": None}


def test_a_gs1_code_names_its_batch_whether_the_book_has_any_left_or_not(
    shop: Shop, item: ItemVariation, scan: Any
) -> None:
    shop.receive(item, 7, "L-1", expires_in=90)
    gone = shop.receive(item, 1, "L-2", expires_in=30)
    shop.sell(item, 1, batch=gone)
    told = scan(f"(01)0{GTIN}(17){days_from_now(30):%y%m%d}(10)L-2")
    assert [(batch["batch_id"], batch["batch_number"]) for batch in told["batches"]] == [(gone, "L-2")]
    assert told["new_batch"] is None


def test_a_gs1_code_of_a_batch_nobody_knows_fills_it_in(shop: Shop, item: ItemVariation, scan: Any) -> None:
    shop.receive(item, 7, "L-1", expires_in=90)
    told = scan(f"(01)0{GTIN}(17)310331(10)L-9")
    assert told["batches"] == []
    assert told["new_batch"] == {"variation_id": item.pk, "batch_number": "L-9", "expiry_date": "2031-03-31"}
    # The number is known, with another date: that is another batch.
    assert scan(f"(01)0{GTIN}(17)310331(10)L-1")["batches"] == []


def test_a_box_counts_as_what_is_in_it(shop: Shop, item: ItemVariation, scan: Any) -> None:
    pack = create_pack(actor=shop.actor, variation_id=item.pk, name="Box", factor=9)
    add_barcode(actor=shop.actor, variation_id=item.pk, code="BOX-9", pack_id=pack.pk)
    told = scan("BOX-9")
    assert (told["pack"]["id"], told["factor"]) == (pack.pk, 9)


def test_what_was_counted_already_is_told_and_what_is_not_part_of_the_count(
    shop: Shop, api: APIClient, item: ItemVariation, scan: Any
) -> None:
    batch = shop.receive(item, 7)
    other = shop.variation()
    items = [{"batch_id": batch, "physical_count": 4}]
    take = done(api.post(TAKES, {"outlet_id": shop.outlet.pk, "items": items}))["id"]
    [found] = scan(item.sku, of=take)["batches"]
    assert (found["physical_count"], found["item_id"] is None) == (4, False)
    assert [scan(item.sku, of=take)["in_scope"], scan(other.sku, of=take)["in_scope"]] == [True, False]


def test_what_is_no_code_here_is_refused(shop: Shop, api: APIClient) -> None:
    take = done(api.post(TAKES, {"outlet_id": shop.outlet.pk}))["id"]
    problem(api.get(f"{TAKES}{take}/lookup/?code=nothing"), 404, "unknown_code")
    problem(api.get(f"{TAKES}{take}/lookup/"), 400, "invalid_request")
    problem(api.get(f"{TAKES}{take}/lookup/?code={'x' * 600}"), 400, "invalid_request")
