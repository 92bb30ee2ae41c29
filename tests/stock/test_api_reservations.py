"""Reservations over HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done, problem, stock_state
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.outlets.models import Outlet

RESERVATIONS = f"{INVENTORY}reservations/"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


def basket(shop: Shop, variation_id: int, quantity: Any, **more: Any) -> dict[str, Any]:
    return {
        "outlet_id": shop.outlet.pk,
        "lines": [{"variation_id": variation_id, "quantity": quantity}],
        "hold_seconds": 900,
        **more,
    }


def test_stock_is_promised_for_a_while(shop: Shop, api: APIClient) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    asked_at = dt.datetime.now(dt.UTC)

    answer = api.post(RESERVATIONS, basket(shop, item.pk, 2, reference_id="basket-1"))
    again = api.post(RESERVATIONS, basket(shop, item.pk, 2, reference_id="basket-1"))

    told = done(answer)
    expires_at = dt.datetime.fromisoformat(told.pop("expires_at"))
    assert dt.timedelta(seconds=899) < expires_at - asked_at < dt.timedelta(seconds=960)
    del told["created_at"]
    assert told == {
        "id": told["id"],
        "operation_id": int(answer["Operation-Id"]),
        "reference_id": "basket-1",
        "outlet_id": shop.outlet.pk,
        "status": "active",
        "closed_at": None,
        "lines": [{"variation_id": item.pk, "quantity": 2}],
    }
    assert done(again) == answer.json()
    assert again["Idempotency-Replayed"] == "true"
    assert done(api.get(f"{RESERVATIONS}{told['id']}/"), 200) == answer.json()
    stock = done(api.get(f"{INVENTORY}stock/"), 200)["results"][0]
    assert (stock["on_hand"], stock["sellable"], stock["reserved"], stock["available"]) == (5, 5, 2, 3)
    sale = api.post(f"{INVENTORY}deduct/", {"outlet_id": shop.outlet.pk, "variation_id": item.pk, "quantity": 4})
    assert problem(sale, 409, "insufficient_stock")["fields"]["lines"][0]["available"] == 3


def test_more_than_is_free_is_not_promised(shop: Shop, api: APIClient) -> None:
    item, other = shop.variation(), shop.variation()
    shop.receive(item, 5)
    before = stock_state(shop.actor.tenant_id)
    lines = [{"variation_id": v, "quantity": q} for v, q in ((item.pk, 1), (item.pk, 1), (other.pk, 2))]

    refused = problem(api.post(RESERVATIONS, basket(shop, item.pk, 1, lines=lines)), 409, "insufficient_stock")

    assert refused["fields"]["lines"] == [{"line": 3, "variation_id": other.pk, "needed": 2, "available": 0}]
    assert stock_state(shop.actor.tenant_id) == before


@pytest.mark.parametrize("seconds", [0, -1, 30 * 24 * 3600 + 1, 10**20, 1.5, "60", None, True])
def test_a_promise_has_an_end_in_sight(shop: Shop, api: APIClient, seconds: Any) -> None:
    item = shop.variation()
    shop.receive(item, 5)

    refused = problem(api.post(RESERVATIONS, basket(shop, item.pk, 1, hold_seconds=seconds)), 400, "invalid_request")

    assert set(refused["errors"]) == {"hold_seconds"}


def test_what_was_promised_is_sold_once(shop: Shop, api: APIClient) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    reservation = done(api.post(RESERVATIONS, basket(shop, item.pk, 2)))["id"]
    path = f"{RESERVATIONS}{reservation}/commit/"

    sold = api.post(path, {"reference_id": "order-1", "reason": "collected"})
    again = api.post(path, {"reference_id": "order-1", "reason": "collected"})
    twice = api.post(path, {"reference_id": "order-2"})

    assert [(m["batch"], m["quantity"]) for m in done(sold)["movements"]] == [("A", -2)]
    assert done(again) == {**sold.json(), "replayed": True}
    assert problem(twice, 409, "reservation_closed")["fields"]["status"] == "committed"
    assert shop.on_hand(item) == {"A": 3}
    assert done(api.get(f"{RESERVATIONS}{reservation}/"), 200)["status"] == "committed"


def test_what_was_promised_is_given_back_once(shop: Shop, api: APIClient) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    reservation = done(api.post(RESERVATIONS, basket(shop, item.pk, 5)))["id"]

    told = done(api.post(f"{RESERVATIONS}{reservation}/release/"), 200)

    assert told["status"] == "released"
    assert told["closed_at"] is not None
    problem(api.post(f"{RESERVATIONS}{reservation}/release/"), 409, "reservation_closed")
    problem(api.post(f"{RESERVATIONS}{reservation}/commit/", {}), 409, "reservation_closed")
    assert shop.sell(item, 5).movements[0].quantity == -5


def test_lists_show_each_state_and_each_outlet(
    shop: Shop, api: APIClient, make_outlet: Callable[..., Outlet], client_for: Callable[..., APIClient]
) -> None:
    item = shop.variation()
    second = make_outlet("Second")
    shop.receive(item, 9)
    shop.receive(item, 9, outlet=second)
    active = done(api.post(RESERVATIONS, basket(shop, item.pk, 1, hold_seconds=7200)))["id"]
    lapsing = done(api.post(RESERVATIONS, basket(shop, item.pk, 1, hold_seconds=60)))["id"]
    elsewhere = done(api.post(RESERVATIONS, basket(shop, item.pk, 1, outlet_id=second.pk, hold_seconds=7200)))["id"]

    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)):
        late = client_for(shop.actor)

        def listed(**query: Any) -> list[int]:
            return [row["id"] for row in done(late.get(RESERVATIONS, query), 200)["results"]]

        assert listed() == [elsewhere, lapsing, active]
        assert listed(status="active") == [elsewhere, active]
        assert listed(status="lapsed") == [lapsing]
        assert listed(status="committed") == []
        assert listed(outlet_id=second.pk) == [elsewhere]
        assert done(late.get(f"{RESERVATIONS}{lapsing}/"), 200)["status"] == "lapsed"
    assert set(problem(api.get(RESERVATIONS, {"status": "x"}), 400, "invalid_request")["errors"]) == {"status"}
    problem(api.get(RESERVATIONS, {"outlet_id": 2**62}), 404, "not_found")


def test_each_sees_the_reservations_of_their_outlets(
    shop: Shop,
    business: NewTenant,
    colleague: Callable[..., Actor],
    client_for: Callable[..., APIClient],
    make_outlet: Callable[..., Outlet],
) -> None:
    item = shop.variation()
    shop.receive(item, 9)
    reservation = done(client_for(shop.actor).post(RESERVATIONS, basket(shop, item.pk, 1)))["id"]
    clerk = client_for(colleague(business, Role.CLERK, make_outlet("Second").pk))

    assert done(clerk.get(RESERVATIONS), 200)["results"] == []
    problem(clerk.get(f"{RESERVATIONS}{reservation}/"), 404, "not_found")
    problem(clerk.post(f"{RESERVATIONS}{reservation}/release/"), 403, "not_allowed")
    problem(clerk.post(f"{RESERVATIONS}{reservation}/commit/", {}), 403, "not_allowed")
