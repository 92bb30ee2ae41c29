"""Transfers over HTTP: sent, in transit, received, wholly or in part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done, problem, stock_state
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.operations import create_pack
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch, StockMovement

TRANSFERS = f"{INVENTORY}transfers/"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


@pytest.fixture
def second(make_outlet: Callable[..., Outlet]) -> Outlet:
    return make_outlet("Second")


def parcel(shop: Shop, to: Outlet, item: ItemVariation, quantity: Any, **more: Any) -> dict[str, Any]:
    lines = [{"variation_id": item.pk, "quantity": quantity}]
    return {"source_id": shop.outlet.pk, "destination_id": to.pk, "lines": lines, **more}


def on_hand(outlet: Outlet, item: ItemVariation) -> dict[str, Decimal]:
    with transaction.atomic():
        return dict(Batch.objects.filter(outlet_id=outlet.pk, variation=item).values_list("batch_number", "quantity"))


def test_goods_are_sent_and_received(shop: Shop, api: APIClient, second: Outlet) -> None:
    item = shop.variation()
    soon = shop.receive(item, 3, "soon", expires_in=10)
    late = shop.receive(item, 9, "late", expires_in=90)
    body = parcel(shop, second, item, 5, reference_id="t-1", note="with the van")

    sent = api.post(TRANSFERS, body)

    told = done(sent)
    transfer_id, lines = told["id"], told.pop("lines")
    assert [(line.pop("id") > 0, line.pop("expiry_date") is not None) for line in lines] == [(True, True)] * 2
    assert sorted(lines, key=lambda line: line["batch_id"]) == [
        {
            "variation_id": item.pk,
            "batch_id": batch,
            "batch_number": number,
            "quantity_sent": quantity,
            "quantity_received": None,
            "quantity_missing": None,
            "discrepancy_reason": "",
            "received_batch_id": None,
        }
        for batch, number, quantity in ((soon, "soon", 3), (late, "late", 2))
    ]
    del told["created_at"]
    assert told == {
        "id": transfer_id,
        "source_id": shop.outlet.pk,
        "destination_id": second.pk,
        "status": "in_transit",
        "reference_id": "t-1",
        "note": "with the van",
        "sent_operation_id": int(sent["Operation-Id"]),
        "received_operation_id": None,
    }
    assert on_hand(second, item) == {}

    again = api.post(TRANSFERS, body)
    assert (again.status_code, again.json(), again["Idempotency-Replayed"]) == (201, sent.json(), "true")
    assert "Idempotency-Replayed" not in sent

    received = api.post(f"{TRANSFERS}{transfer_id}/receive/", {"reference_id": "t-1-in"})
    told = done(received, 200)
    assert (told["status"], told["received_operation_id"]) == ("received", int(received["Operation-Id"]))
    assert {(line["quantity_received"], line["quantity_missing"]) for line in told["lines"]} == {(3, 0), (2, 0)}
    assert on_hand(second, item) == {"soon": 3, "late": 2}
    assert on_hand(shop.outlet, item) == {"soon": 0, "late": 7}

    replayed = api.post(f"{TRANSFERS}{transfer_id}/receive/", {"reference_id": "t-1-in"})
    assert (replayed.status_code, replayed["Idempotency-Replayed"]) == (200, "true")
    problem(api.post(f"{TRANSFERS}{transfer_id}/receive/", {}), 409, "transfer_not_in_transit")
    assert on_hand(second, item) == {"soon": 3, "late": 2}


def test_goods_that_moved_days_ago_are_entered_with_their_dates(shop: Shop, api: APIClient, second: Outlet) -> None:
    item = shop.variation()
    shop.receive(item, 9)
    now = dt.datetime.now(dt.UTC)
    left, arrived = (now - dt.timedelta(days=days) for days in (3, 2))
    body = parcel(shop, second, item, 5, reference_id="van-3", occurred_at=left.isoformat())
    before = stock_state(shop.actor.tenant_id)

    for moment in (now + dt.timedelta(minutes=6), now - dt.timedelta(days=32)):
        refused = problem(api.post(TRANSFERS, {**body, "occurred_at": moment.isoformat()}), 400, "invalid_request")
        assert set(refused["errors"]) == {"occurred_at"}
    assert stock_state(shop.actor.tenant_id) == before

    sent = done(api.post(TRANSFERS, body))
    assert api.post(TRANSFERS, body)["Idempotency-Replayed"] == "true"
    problem(api.post(TRANSFERS, {**body, "occurred_at": arrived.isoformat()}), 422, "reference_reused")

    path, before = f"{TRANSFERS}{sent['id']}/receive/", stock_state(shop.actor.tenant_id)
    for moment in (left - dt.timedelta(seconds=1), now + dt.timedelta(minutes=6)):
        refused = problem(api.post(path, {"occurred_at": moment.isoformat()}), 400, "invalid_request")
        assert set(refused["errors"]) == {"occurred_at"}
    assert stock_state(shop.actor.tenant_id) == before

    received = done(api.post(path, {"occurred_at": arrived.isoformat()}), 200)
    assert on_hand(second, item) == {"A": 5}
    with transaction.atomic():
        entered = {
            kind: (occurred_at, recorded_at > now)
            for kind, occurred_at, recorded_at in StockMovement.objects.filter(variation=item)
            .exclude(movement_type="purchase")
            .values_list("movement_type", "occurred_at", "recorded_at")
        }
    assert entered == {"transfer_out": (left, True), "transfer_in": (arrived, True)}
    assert received["status"] == "received"


def test_what_is_missing_is_there_for_all_to_see(shop: Shop, api: APIClient, second: Outlet) -> None:
    item = shop.variation()
    shop.receive(item, 9)
    sent = done(api.post(TRANSFERS, parcel(shop, second, item, 5)))
    path = f"{TRANSFERS}{sent['id']}/receive/"
    line = sent["lines"][0]["id"]
    before = stock_state(shop.actor.tenant_id)

    for lines, field in (
        ([{"line_id": line, "quantity": 6}], f"lines.{line}.quantity"),
        ([{"line_id": line, "quantity": 3}], f"lines.{line}.discrepancy_reason"),
        ([{"line_id": line + 1, "quantity": 5}], "lines"),
        ([{"line_id": line, "quantity": 5}] * 2, "lines"),
        ([], "lines"),
    ):
        assert set(problem(api.post(path, {"lines": lines}), 400, "invalid_request")["errors"]) == {field}
    assert stock_state(shop.actor.tenant_id) == before

    told = done(api.post(path, {"lines": [{"line_id": line, "quantity": 3, "discrepancy_reason": "broken"}]}), 200)
    shown = told["lines"][0]
    assert (shown["quantity_sent"], shown["quantity_received"], shown["quantity_missing"]) == (5, 3, 2)
    assert shown["discrepancy_reason"] == "broken"
    assert on_hand(second, item) == {"A": 3}


def test_a_parcel_that_is_lost_altogether_is_closed_too(shop: Shop, api: APIClient, second: Outlet) -> None:
    item = shop.variation()
    shop.receive(item, 9)
    sent = done(api.post(TRANSFERS, parcel(shop, second, item, 5)))
    lines = [{"line_id": line["id"], "quantity": 0, "discrepancy_reason": "stolen"} for line in sent["lines"]]

    told = done(api.post(f"{TRANSFERS}{sent['id']}/receive/", {"lines": lines}), 200)

    assert (told["status"], told["lines"][0]["quantity_missing"]) == ("received", 5)
    assert told["lines"][0]["received_batch_id"] is None
    assert on_hand(second, item) == {}


def test_boxes_and_lots_in_hand_can_be_sent(shop: Shop, api: APIClient, second: Outlet) -> None:
    item = shop.variation()
    shop.receive(item, 30, "soon", expires_in=10)
    late = shop.receive(item, 30, "late", expires_in=90)
    with transaction.atomic():
        box = create_pack(actor=shop.actor, variation_id=item.pk, name="Box of 9", factor=9).pk
    lines = [{"variation_id": item.pk, "quantity": 2, "pack_id": box, "batch_id": late}]

    told = done(api.post(TRANSFERS, parcel(shop, second, item, 1, lines=lines)))

    assert [(line["batch_number"], line["quantity_sent"]) for line in told["lines"]] == [("late", 18)]


def test_more_than_may_be_sold_is_not_sent(shop: Shop, api: APIClient, second: Outlet) -> None:
    item = shop.variation()
    shop.receive(item, 3)
    shop.receive(item, 9, "old", expires_in=-1)
    before = stock_state(shop.actor.tenant_id)

    refused = problem(api.post(TRANSFERS, parcel(shop, second, item, 4)), 409, "insufficient_stock")

    assert refused["fields"]["lines"] == [{"line": 1, "variation_id": item.pk, "needed": 4, "available": 3}]
    same = problem(api.post(TRANSFERS, parcel(shop, shop.outlet, item, 1)), 400, "invalid_request")
    assert set(same["errors"]) == {"destination_id"}
    for field in ("source_id", "destination_id"):
        problem(api.post(TRANSFERS, parcel(shop, second, item, 1, **{field: 2**62})), 404, "not_found")
    assert stock_state(shop.actor.tenant_id) == before


class TestWhoMay:
    @pytest.fixture
    def client_as(
        self, business: NewTenant, colleague: Callable[..., Actor], client_for: Callable[..., APIClient]
    ) -> Callable[[Role, int], APIClient]:
        return lambda role, outlet_id: client_for(colleague(business, role, outlet_id))

    @pytest.mark.parametrize(
        ("role", "may"), [("manager", True), ("clerk", True), ("counter", False), ("auditor", False)]
    )
    def test_clerks_send_from_their_outlet_and_receive_at_theirs(
        self, shop: Shop, second: Outlet, client_as: Callable[[Role, int], APIClient], *, role: str, may: bool
    ) -> None:
        item = shop.variation()
        shop.receive(item, 9)
        here, there = client_as(Role(role), shop.outlet.pk), client_as(Role(role), second.pk)
        owner_sent = done(client_as(Role.OWNER, shop.outlet.pk).post(TRANSFERS, parcel(shop, second, item, 1)))["id"]
        before = stock_state(shop.actor.tenant_id)

        problem(there.post(TRANSFERS, parcel(shop, second, item, 1)), 403, "not_allowed")
        problem(here.post(f"{TRANSFERS}{owner_sent}/receive/", {}), 403, "not_allowed")
        assert stock_state(shop.actor.tenant_id) == before
        sent, received = (
            here.post(TRANSFERS, parcel(shop, second, item, 1)),
            there.post(f"{TRANSFERS}{owner_sent}/receive/", {}),
        )
        assert (sent.status_code, received.status_code) == ((201, 200) if may else (403, 403))
        if not may:
            assert stock_state(shop.actor.tenant_id) == before

    def test_both_ends_see_it_and_nobody_else(
        self, shop: Shop, second: Outlet, make_outlet: Callable[..., Outlet], client_as: Callable[..., APIClient]
    ) -> None:
        item, third = shop.variation(), make_outlet("Third")
        shop.receive(item, 9)
        owner = client_as(Role.OWNER, None)
        first = done(owner.post(TRANSFERS, parcel(shop, second, item, 1)))["id"]
        other = done(owner.post(TRANSFERS, parcel(shop, third, item, 1)))["id"]
        done(owner.post(f"{TRANSFERS}{first}/receive/", {}), 200)

        def listed(client: APIClient, **query: Any) -> list[int]:
            return [row["id"] for row in done(client.get(TRANSFERS, query), 200)["results"]]

        at_second = client_as(Role.AUDITOR, second.pk)
        assert listed(at_second) == [first]
        assert done(at_second.get(f"{TRANSFERS}{first}/"), 200)["id"] == first
        problem(at_second.get(f"{TRANSFERS}{other}/"), 404, "not_found")
        problem(at_second.get(TRANSFERS, {"outlet_id": third.pk}), 404, "not_found")
        assert listed(client_as(Role.AUDITOR, shop.outlet.pk)) == [other, first]
        assert listed(owner) == [other, first]
        assert listed(owner, status="received") == [first]
        assert listed(owner, status="in_transit") == [other]
        assert listed(owner, outlet_id=second.pk) == [first]
        assert listed(owner, source_id=shop.outlet.pk, destination_id=third.pk) == [other]
        assert set(problem(owner.get(TRANSFERS, {"status": "x"}), 400, "invalid_request")["errors"]) == {"status"}
