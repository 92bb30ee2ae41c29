"""Batches over HTTP: lists in the order of expiry, corrections, holds."""

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
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch, StockMovement
from lotkeeper.stock.operations import hold_batch

BATCHES = f"{INVENTORY}batches/"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


def day(expires_in: int) -> str:
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=expires_in)).isoformat()


def numbers(answer: Any) -> list[str]:
    return [row["batch_number"] for row in done(answer, 200)["results"]]


def test_a_batch_shows_what_of_it_may_be_sold(shop: Shop, api: APIClient) -> None:
    item = shop.variation(margin=3)
    batch = shop.receive(item, 5, "B-1", expires_in=10, cost="1.25")
    with transaction.atomic():
        received_at = Batch.objects.get(pk=batch).received_at

    assert done(api.get(f"{BATCHES}{batch}/"), 200) == {
        "id": batch,
        "outlet_id": shop.outlet.pk,
        "variation_id": item.pk,
        "sku": item.sku,
        "product_name": item.product.name,
        "variation_name": "",
        "batch_number": "B-1",
        "expiry_date": day(10),
        "unit_cost": "1.25",
        "received_at": received_at.isoformat().replace("+00:00", "Z"),
        "status": "available",
        "quantity": 5,
        "sellable_quantity": 5,
        "is_expired": False,
        "days_left": 10,
        "version": 1,
    }


@pytest.mark.parametrize(
    ("expires_in", "held", "sellable", "expired"),
    [(3, False, 5, False), (2, False, 0, True), (-1, False, 0, True), (None, False, 5, False), (30, True, 0, False)],
)
def test_what_is_too_late_or_held_is_not_sellable(
    shop: Shop, api: APIClient, *, expires_in: int | None, held: bool, sellable: int, expired: bool
) -> None:
    batch = shop.receive(shop.variation(margin=3), 5, expires_in=expires_in)
    if held:
        hold_batch(actor=shop.actor, batch_id=batch, reason="seal")

    shown = done(api.get(f"{BATCHES}{batch}/"), 200)

    assert (shown["sellable_quantity"], shown["is_expired"], shown["days_left"]) == (sellable, expired, expires_in)


def test_the_list_goes_by_expiry_page_by_page_and_back(shop: Shop, api: APIClient) -> None:
    items = [shop.variation(), shop.variation()]
    order: dict[str, int | None] = {"a": 5, "b": 5, "c": 9, "d": 20, "e": None, "f": None, "g": None}
    for number in "gfedcba":
        shop.receive(items[ord(number) % 2], 1, number, expires_in=order[number])
    expected = sorted(order, key=lambda n: (order[n] is None, order[n] or 0, -ord(n)))

    address: str | None = f"{BATCHES}?page_size=3"
    pages: list[list[str]] = []
    while address:
        page = api.get(address)
        pages.append(numbers(page))
        last, address = address, page.json()["next"]

    assert [number for page in pages for number in page] == expected
    assert [len(page) for page in pages] == [3, 3, 1]
    back = api.get(api.get(last).json()["previous"])
    assert numbers(back) == pages[1]
    assert numbers(api.get(back.json()["previous"])) == pages[0]
    assert api.get(back.json()["previous"]).json()["previous"] is None


def test_the_list_can_be_narrowed_down(shop: Shop, api: APIClient, make_outlet: Callable[..., Outlet]) -> None:
    tea, milk = shop.variation(), shop.variation()
    second = make_outlet("Second")
    shop.receive(tea, 5, "T-1", expires_in=5)
    empty = shop.receive(tea, 5, "T-2", expires_in=50)
    shop.receive(milk, 5, "M-1")
    held = shop.receive(milk, 5, "M-2", outlet=second)
    shop.sell(tea, 5, batch=empty)
    hold_batch(actor=shop.actor, batch_id=held, reason="seal")

    def listed(**query: Any) -> list[str]:
        return numbers(api.get(BATCHES, query))

    assert listed() == ["T-1", "T-2", "M-1", "M-2"]
    assert listed(variation_id=tea.pk) == ["T-1", "T-2"]
    assert listed(outlet_id=second.pk) == ["M-2"]
    assert listed(batch_number="T-2") == ["T-2"]
    assert listed(status="held") == ["M-2"]
    assert listed(in_stock="true") == ["T-1", "M-1", "M-2"]
    assert listed(in_stock="false") == ["T-2"]
    assert listed(expiring_before=day(6)) == ["T-1"]
    assert listed(expiring_before=day(5)) == []
    assert listed(variation_id=2**62) == []
    problem(api.get(BATCHES, {"outlet_id": 2**62}), 404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        {"outlet_id": "x"},
        {"outlet_id": "0"},
        {"outlet_id": str(2**63)},
        {"variation_id": "1.5"},
        {"status": "lost"},
        {"in_stock": "maybe"},
        {"expiring_before": "soon"},
        {"batch_number": ""},
        {"batch_number": "b" * 101},
        {"page_size": "0"},
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(api: APIClient, query: dict[str, str]) -> None:
    assert set(problem(api.get(BATCHES, query), 400, "invalid_request")["errors"]) == set(query)


def test_each_sees_the_batches_of_their_outlets(
    shop: Shop,
    business: NewTenant,
    colleague: Callable[..., Actor],
    client_for: Callable[..., APIClient],
    make_outlet: Callable[..., Outlet],
) -> None:
    item, second = shop.variation(), make_outlet("Second")
    mine = shop.receive(item, 5, "mine")
    theirs = shop.receive(item, 5, "theirs", outlet=second)
    auditor = client_for(colleague(business, Role.AUDITOR, shop.outlet.pk))

    assert numbers(auditor.get(BATCHES)) == ["mine"]
    assert auditor.get(f"{BATCHES}{mine}/").status_code == 200
    problem(auditor.get(f"{BATCHES}{theirs}/"), 404, "not_found")
    problem(auditor.get(BATCHES, {"outlet_id": second.pk}), 404, "not_found")


class TestChanges:
    def test_what_is_written_on_a_batch_is_corrected(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5, "B-l", expires_in=10)
        body = {
            "batch_number": "B-1",
            "expiry_date": "2031-02",
            "unit_cost": 1.5,
            "reason": "misread",
            "reference_id": "fix-1",
        }

        answer = api.post(f"{BATCHES}{batch}/amend/", body)
        again = api.post(f"{BATCHES}{batch}/amend/", body)

        told = done(answer, 200)
        assert told["amended"] == {
            "batch_number": ["B-l", "B-1"],
            "expiry_date": [day(10), "2031-02-28"],
            "unit_cost": [None, 1.5],
        }
        assert (told["batch"]["batch_number"], told["batch"]["expiry_date"]) == ("B-1", "2031-02-28")
        assert (told["batch"]["unit_cost"], told["batch"]["version"]) == ("1.50", 2)
        assert answer["Operation-Id"] == str(told["operation_id"])
        assert (told["replayed"], again.json()["replayed"]) == (False, True)
        assert again["Idempotency-Replayed"] == "true"
        with transaction.atomic():
            assert StockMovement.objects.filter(batch_id=batch).count() == 2

    def test_what_is_not_known_can_be_emptied_but_not_the_number(self, shop: Shop, api: APIClient) -> None:
        batch = shop.receive(shop.variation(), 5, "B", expires_in=10, cost="2")
        path = f"{BATCHES}{batch}/amend/"

        told = done(api.post(path, {"expiry_date": None, "unit_cost": None, "reason": "not printed"}), 200)

        assert told["amended"] == {"expiry_date": [day(10), None], "unit_cost": [2, None]}
        before = stock_state(shop.actor.tenant_id)
        assert set(problem(api.post(path, {"reason": "r"}), 400, "invalid_request")["errors"]) == {"changes"}
        for number in (None, "", " ", 5, "n" * 101):
            refused = api.post(path, {"batch_number": number, "reason": "r"})
            assert set(problem(refused, 400, "invalid_request")["errors"]) == {"batch_number"}
        problem(api.post(path, {"expiry_date": None, "reason": "r"}), 409, "nothing_to_change")
        assert stock_state(shop.actor.tenant_id) == before

    def test_two_batches_are_never_made_one(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5, "A")
        other = shop.receive(item, 5, "B")

        problem(api.post(f"{BATCHES}{other}/amend/", {"batch_number": "A", "reason": "r"}), 409, "batch_exists")
        assert shop.on_hand(item) == {"A": 5, "B": 5}

    def test_a_batch_is_held_recalled_released_and_archived(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)
        states = []
        for verb, more in (("hold", {}), ("hold", {"recalled": True}), ("release", {})):
            told = done(api.post(f"{BATCHES}{batch}/{verb}/", {"reason": "letter of the maker", **more}), 200)
            states.append((told["amended"]["status"], told["batch"]["sellable_quantity"]))
        problem(api.post(f"{BATCHES}{batch}/archive/", {"reason": "r"}), 409, "batch_not_empty")
        shop.sell(item, 5)
        told = done(api.post(f"{BATCHES}{batch}/archive/", {"reason": "empty"}), 200)

        assert states == [
            (["available", "held"], 0),
            (["held", "recalled"], 0),
            (["recalled", "available"], 5),
        ]
        assert told["amended"] == {"status": ["available", "archived"]}
        assert [row[2] for row in shop.ledger(item)] == [5, 0, 0, 0, Decimal(-5), 0]

    @pytest.mark.parametrize("verb", ["amend", "hold", "release", "archive"])
    def test_each_says_why(self, shop: Shop, api: APIClient, verb: str) -> None:
        batch = shop.receive(shop.variation(), 5)
        before = stock_state(shop.actor.tenant_id)

        for body in ({"batch_number": "X"}, {"batch_number": "X", "reason": " "}):
            refused = api.post(f"{BATCHES}{batch}/{verb}/", body)
            assert set(problem(refused, 400, "invalid_request")["errors"]) == {"reason"}
        assert stock_state(shop.actor.tenant_id) == before
