"""Explanations, swaps and proposals over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done, problem, stock_state
from tests.stocktakes.conftest import Counting

from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.outlets.models import Outlet
from lotkeeper.stocktakes.models import StockTake
from lotkeeper.stocktakes.operations import reconcile_stock_take

COUNT_NEXT = f"{INVENTORY}count-next/"


@pytest.fixture
def api(counting: Counting, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(counting.shop.actor)


class Mistaken:
    """A variation of which A is short by 3 and B over by 3."""

    def __init__(self, counting: Counting, **rules: Any) -> None:
        self.item = counting.shop.variation()
        self.short = counting.shop.receive(self.item, 20, "A", cost="2.5")
        self.over = counting.shop.receive(self.item, 20, "B", cost="2")
        self.take: StockTake = counting.open(**rules)
        counting.see(self.take, self.short, 17)
        counting.see(self.take, self.over, 23)
        self.short_item, self.over_item = (counting.line(self.take, batch).item_id for batch in (self.short, self.over))
        self.explanations = f"{INVENTORY}stock-takes/{self.take.pk}/explanations/"
        self.swap = f"{INVENTORY}stock-takes/{self.take.pk}/swap/"

    def body(self, **more: Any) -> dict[str, Any]:
        return {"short_item_id": self.short_item, "over_item_id": self.over_item, "quantity": 3, **more}


def test_lines_are_explained(counting: Counting, api: APIClient) -> None:
    mistaken = Mistaken(counting)

    told = done(api.get(mistaken.explanations), 200)

    first, second = told["results"]
    counted_at = first.pop("counted_at")
    assert counted_at.endswith("Z")
    assert first == {
        "item_id": mistaken.short_item,
        "batch_id": mistaken.short,
        "variation_id": mistaken.item.pk,
        "sku": mistaken.item.sku,
        "product_name": mistaken.item.product.name,
        "variation_name": "",
        "batch_number": "A",
        "physical_count": 17,
        "system_count": 20,
        "variance": -3,
        "value": "-7.50",
        "explanations": [
            {
                "code": "swapped_batch",
                "certainty": "likely",
                "sentence": "Batch A is short and batch B is over by 3. "
                "3 may have been sold or received as the wrong one of the two.",
                "explained": -3,
                "item_id": mistaken.over_item,
                "batch_id": mistaken.over,
                "operation_ids": [],
                "transfer_id": None,
            }
        ],
    }
    assert second["explanations"][0]["item_id"] == mistaken.short_item
    assert (told["next"], told["previous"]) == (None, None)


def test_pages_follow_each_other_and_one_line_can_be_asked_for(counting: Counting, api: APIClient) -> None:
    mistaken = Mistaken(counting)

    first = done(api.get(f"{mistaken.explanations}?page_size=1"), 200)
    second = done(api.get(first["next"]), 200)
    one = done(api.get(f"{mistaken.explanations}?item_id={mistaken.over_item}"), 200)
    none = done(api.get(f"{mistaken.explanations}?item_id={10**12}"), 200)

    assert [[line["item_id"] for line in page["results"]] for page in (first, second, one, none)] == [
        [mistaken.short_item],
        [mistaken.over_item],
        [mistaken.over_item],
        [],
    ]
    assert second["next"] is None
    assert [len(page["results"][0]["explanations"]) for page in (first, second, one)] == [1, 1, 1]


def test_in_a_blind_count_counters_are_told_nothing(counting: Counting, client_for: Callable[..., APIClient]) -> None:
    blind, open_ = Mistaken(counting, blind=True), Mistaken(counting)
    counter, owner = client_for(counting.counter), client_for(counting.shop.actor)

    problem(counter.get(blind.explanations), 403, "not_allowed")

    assert len(done(counter.get(open_.explanations), 200)["results"]) == 2
    assert len(done(owner.get(blind.explanations), 200)["results"]) == 2


def test_a_posted_count_has_nothing_to_explain(counting: Counting, api: APIClient) -> None:
    mistaken = Mistaken(counting)
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=mistaken.take.pk)

    assert done(api.get(mistaken.explanations), 200)["results"] == []


def test_a_swap_is_posted_once(counting: Counting, api: APIClient) -> None:
    mistaken = Mistaken(counting)

    answer = api.post(mistaken.swap, mistaken.body(reference_id="swap-1"))
    again = api.post(mistaken.swap, mistaken.body(), headers={"Idempotency-Key": "swap-1"})
    other = api.post(mistaken.swap, mistaken.body(quantity=1, reference_id="swap-1"))

    told = done(answer)
    assert [(line["batch"], line["quantity"], line["balance_after"]) for line in told["movements"]] == [
        ("A", -3, 17),
        ("B", 3, 23),
    ]
    assert answer["Operation-Id"] == str(told["operation_id"])
    assert done(again) == {**told, "replayed": True}
    assert again["Idempotency-Replayed"] == "true"
    problem(other, 422, "reference_reused")
    assert done(api.get(mistaken.explanations), 200)["results"] == []
    assert counting.shop.on_hand(mistaken.item) == {"A": 17, "B": 23}


def test_a_swap_that_is_none_changes_nothing(
    counting: Counting, api: APIClient, client_for: Callable[..., APIClient], business: Any
) -> None:
    mistaken = Mistaken(counting)
    before = stock_state(business.tenant.pk)

    refused = problem(api.post(mistaken.swap, mistaken.body(quantity=4)), 409, "no_swap")
    assert refused["detail"] == "One batch must be short and another of the same variation over by at least this much."
    assert refused["fields"] == {
        "short_item_id": mistaken.short_item,
        "over_item_id": mistaken.over_item,
        "short_variance": -3,
        "over_variance": 3,
    }
    problem(api.post(mistaken.swap, mistaken.body(short_item_id=10**12)), 404, "not_found")
    problem(api.post(mistaken.swap, mistaken.body(quantity=0.5)), 400, "too_precise")
    for quantity in (0, -1, "3", None, 1.0001):
        problem(api.post(mistaken.swap, mistaken.body(quantity=quantity)), 400, "invalid_request")
    problem(client_for(counting.counter).post(mistaken.swap, mistaken.body()), 403, "not_allowed")
    assert stock_state(business.tenant.pk) == before
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=mistaken.take.pk)
    posted = stock_state(business.tenant.pk)
    problem(api.post(mistaken.swap, mistaken.body()), 409, "stock_take_closed")

    assert stock_state(business.tenant.pk) == posted


def test_what_to_count_next(counting: Counting, api: APIClient) -> None:
    cheap, dear = counting.shop.variation(), counting.shop.variation()
    counting.shop.receive(cheap, 10, cost="2")
    counting.shop.receive(dear, 10, cost="400")
    place = counting.shop.outlet.pk

    told = done(api.get(f"{COUNT_NEXT}?outlet_id={place}"), 200)
    one = done(api.get(f"{COUNT_NEXT}?outlet_id={place}&limit=1"), 200)

    assert [(line["variation_id"], line["expected_error"]) for line in told["results"]] == [
        (dear.pk, "4.00"),
        (cheap.pk, "0.02"),
    ]
    assert one["results"] == [
        {
            "variation_id": dear.pk,
            "sku": dear.sku,
            "product_name": dear.product.name,
            "variation_name": "",
            "unit": "piece",
            "on_hand": 10,
            "unit_cost": "400.00",
            "lines_since": 1,
            "counted_at": None,
            "expected_error": "4.00",
        }
    ]
    for wrong in ("", "?outlet_id=0", f"?outlet_id={place}&limit=0", f"?outlet_id={place}&limit=501"):
        problem(api.get(f"{COUNT_NEXT}{wrong}"), 400, "invalid_request")


def test_who_works_elsewhere_is_told_nothing(
    counting: Counting,
    client_for: Callable[..., APIClient],
    colleague: Callable[..., Actor],
    make_outlet: Callable[..., Outlet],
    business: Any,
) -> None:
    mistaken = Mistaken(counting)
    elsewhere = client_for(colleague(business, Role.MANAGER, make_outlet("Second").pk))

    problem(elsewhere.get(f"{COUNT_NEXT}?outlet_id={counting.shop.outlet.pk}"), 404, "not_found")
    problem(elsewhere.get(mistaken.explanations), 404, "not_found")
    problem(elsewhere.post(mistaken.swap, mistaken.body()), 404, "not_found")

    assert counting.shop.on_hand(mistaken.item) == {"A": 20, "B": 20}


def test_values_are_decimals_to_the_end(counting: Counting, api: APIClient) -> None:
    item = counting.shop.variation(decimals=3)
    batch = counting.shop.receive(item, "10.001", cost="0.1")
    take = counting.open()
    counting.see(take, batch, 1)

    (line,) = done(api.get(f"{INVENTORY}stock-takes/{take.pk}/explanations/"), 200)["results"]

    assert (line["physical_count"], line["system_count"], line["variance"]) == (1, 10.001, -9.001)
    assert Decimal(line["value"]) == Decimal("-0.9001")
