"""Receiving, correcting, giving back and reversing over HTTP."""

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

from lotkeeper.catalog.operations import create_pack
from lotkeeper.stock.models import Batch, Operation

RECEIVE = f"{INVENTORY}receive/"
ADJUST = f"{INVENTORY}adjust/"
WRITE_OFF = f"{INVENTORY}write-off/"
RETURNS = f"{INVENTORY}returns/"
REVERSALS = f"{INVENTORY}reversals/"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


def day(expires_in: int) -> str:
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=expires_in)).isoformat()


def batch_with(number: str) -> Batch:
    with transaction.atomic():
        found: Batch = Batch.objects.get(batch_number=number)
    return found


class TestReceiving:
    def delivery(self, shop: Shop, variation_id: int, **more: Any) -> dict[str, Any]:
        return {
            "outlet_id": shop.outlet.pk,
            "lines": [{"variation_id": variation_id, "quantity": 5, "batch_number": "B-1", **more}],
        }

    def test_a_delivery_makes_its_batches(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation(decimals=1)
        body = {
            "outlet_id": shop.outlet.pk,
            "reference_id": "delivery-1",
            "reason": "Order 881",
            "lines": [
                {
                    "variation_id": item.pk,
                    "quantity": 5.5,
                    "batch_number": "B-1",
                    "expiry_date": day(300),
                    "unit_cost": "1.2",
                },
                {"variation_id": item.pk, "quantity": 2, "batch_number": "B-2"},
            ],
        }

        answer = api.post(RECEIVE, body)
        again = api.post(RECEIVE, body)

        first, second = batch_with("B-1"), batch_with("B-2")
        assert done(answer) == {
            "operation_id": int(answer["Operation-Id"]),
            "replayed": False,
            "movements": [
                {
                    "line": 1,
                    "variation_id": item.pk,
                    "batch_id": first.pk,
                    "batch": "B-1",
                    "quantity": 5.5,
                    "balance_after": 5.5,
                    "expiry": day(300),
                    "unit_cost": "1.20",
                },
                {
                    "line": 2,
                    "variation_id": item.pk,
                    "batch_id": second.pk,
                    "batch": "B-2",
                    "quantity": 2,
                    "balance_after": 2,
                    "expiry": None,
                    "unit_cost": None,
                },
            ],
        }
        assert done(again) == {**answer.json(), "replayed": True}
        assert again["Idempotency-Replayed"] == "true"
        assert shop.on_hand(item) == {"B-1": Decimal("5.5"), "B-2": 2}

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("2027-03", dt.date(2027, 3, 31)),
            ("03/2028", dt.date(2028, 3, 31)),
            ("02/2028", dt.date(2028, 2, 29)),
            ("2027-03-05", dt.date(2027, 3, 5)),
            (None, None),
        ],
    )
    def test_a_month_means_its_last_day(
        self, shop: Shop, api: APIClient, written: str | None, meant: dt.date | None
    ) -> None:
        item = shop.variation()

        done(api.post(RECEIVE, self.delivery(shop, item.pk, expiry_date=written)))

        assert batch_with("B-1").expiry_date == meant

    @pytest.mark.parametrize(
        "written", ["03/04/2027", "2027-02-30", "2027-13", "tomorrow", "", 20270331, True, ["2027-03"], "1" * 999]
    )
    def test_a_date_that_is_none_is_refused(self, shop: Shop, api: APIClient, written: Any) -> None:
        item = shop.variation()

        answer = api.post(RECEIVE, self.delivery(shop, item.pk, expiry_date=written))

        assert set(problem(answer, 400, "invalid_request")["errors"]) == {"lines.0.expiry_date"}
        assert shop.on_hand(item) == {}

    def test_what_looks_wrong_is_asked_about_once(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5, "B-1", expires_in=100)
        body = self.delivery(shop, item.pk, expiry_date=day(-500))
        before = stock_state(shop.actor.tenant_id)

        asked = problem(api.post(RECEIVE, body), 409, "confirmation_needed")

        warnings = asked["fields"]["warnings"]
        assert [(each["line"], each["code"]) for each in warnings][:2] == [
            (1, "same_number_other_date"),
            (1, "long_past"),
        ]
        assert all(each["sentence"] in asked["detail"] for each in warnings)
        assert stock_state(shop.actor.tenant_id) == before
        done(api.post(RECEIVE, {**body, "confirm": True}))
        with transaction.atomic():
            assert Batch.objects.filter(batch_number="B-1").count() == 2

    def test_boxes_are_opened(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        with transaction.atomic():
            box = create_pack(actor=shop.actor, variation_id=item.pk, name="Box of 9", factor=9).pk

        answer = api.post(RECEIVE, self.delivery(shop, item.pk, pack_id=box, unit_cost=0.25))

        assert done(answer)["movements"][0]["quantity"] == 45
        assert done(answer)["movements"][0]["unit_cost"] == "0.25"

    def test_opening_stock_is_told_apart(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()

        done(api.post(RECEIVE, {**self.delivery(shop, item.pk), "movement_type": "opening"}))

        assert shop.ledger(item) == [("B-1", "opening", Decimal(5), Decimal(5))]


class TestCorrecting:
    def test_the_book_is_corrected_by_a_difference(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)

        found = api.post(ADJUST, {"lines": [{"batch_id": batch, "quantity": 2}], "reason": "behind the shelf"})
        missing = api.post(ADJUST, {"lines": [{"batch_id": batch, "quantity": -3}], "reason": "gone"})

        assert [done(each)["movements"][0]["balance_after"] for each in (found, missing)] == [7, 4]
        assert shop.ledger(item)[1:] == [
            ("A", "adjustment", Decimal(2), Decimal(7)),
            ("A", "adjustment", Decimal(-3), Decimal(4)),
        ]

    @pytest.mark.parametrize("kind", ["damage", "expiry", "theft", "sample"])
    def test_what_cannot_be_sold_is_written_off(self, shop: Shop, api: APIClient, kind: str) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5, expires_in=-3)
        body = {"lines": [{"batch_id": batch, "quantity": 2}], "movement_type": kind, "reason": "see note", "note": "n"}

        answer = api.post(WRITE_OFF, body)

        assert done(answer)["movements"][0]["quantity"] == -2
        assert shop.ledger(item)[-1] == ("A", kind, Decimal(-2), Decimal(3))
        with transaction.atomic():
            operation = Operation.objects.get(pk=int(answer["Operation-Id"]))
        assert (operation.reason, operation.note) == ("see note", "n")

    def test_more_than_there_is_cannot_be_written_off(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)
        before = stock_state(shop.actor.tenant_id)

        body = {"lines": [{"batch_id": batch, "quantity": 6}], "movement_type": "damage", "reason": "r"}
        refused = problem(api.post(WRITE_OFF, body), 409, "insufficient_stock")

        assert refused["fields"]["lines"] == [
            {"line": 1, "variation_id": item.pk, "batch_id": batch, "needed": 6, "available": 5}
        ]
        assert stock_state(shop.actor.tenant_id) == before

    @pytest.mark.parametrize("reason", ["", "   ", None, 5])
    def test_a_correction_says_why(self, shop: Shop, api: APIClient, reason: Any) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)
        lines = [{"batch_id": batch, "quantity": 1}]

        for path, more in ((ADJUST, {}), (WRITE_OFF, {"movement_type": "damage"})):
            for body in ({"lines": lines, **more}, {"lines": lines, "reason": reason, **more}):
                assert set(problem(api.post(path, body), 400, "invalid_request")["errors"]) == {"reason"}
        assert shop.on_hand(item) == {"A": 5}


class TestGivingBack:
    def test_a_sale_comes_back_into_the_batches_it_came_from(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 3, "soon", expires_in=10)
        shop.receive(item, 3, "late", expires_in=90)
        sale = shop.sell(item, 5, reference="order-1")
        lines = [{"variation_id": item.pk, "quantity": 1}]
        body = {"movement_type": "customer_return", "reason": "wrong strength"}

        by_number = api.post(RETURNS, {**body, "sale_operation_id": sale.operation_id, "lines": lines})
        by_reference = api.post(
            RETURNS,
            {**body, "sale_reference_id": "order-1", "lines": [{"variation_id": item.pk, "quantity": 3}]},
        )

        assert [(m["batch"], m["quantity"]) for m in done(by_number)["movements"]] == [("late", 1)]
        assert {(m["batch"], m["quantity"]) for m in done(by_reference)["movements"]} == {("late", 1), ("soon", 2)}
        refused = api.post(RETURNS, {**body, "sale_reference_id": "order-1", "lines": [*lines, *lines]})
        problem(refused, 409, "exceeds_original")
        assert shop.on_hand(item) == {"soon": 2, "late": 3}

    def test_goods_go_back_to_a_batch_or_to_the_supplier(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)
        lines = [{"batch_id": batch, "quantity": 2}]

        done(api.post(RETURNS, {"movement_type": "customer_return", "lines": lines}))
        done(api.post(RETURNS, {"movement_type": "supplier_return", "lines": lines, "reference_id": "rma-1"}))

        assert [row[1:] for row in shop.ledger(item)[1:]] == [
            ("customer_return", Decimal(2), Decimal(7)),
            ("supplier_return", Decimal(-2), Decimal(5)),
        ]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"lines": [{"quantity": 1}]}, "lines.0.batch_id"),
            ({"lines": [{"quantity": 1, "batch_id": 1, "variation_id": 1}]}, "lines.0.variation_id"),
            ({"lines": [{"quantity": 1, "batch_id": 1, "pack_id": 1}]}, "lines.0.pack_id"),
            ({"lines": [{"quantity": 1, "batch_id": 1}], "sale_operation_id": 1}, "lines.0.batch_id"),
            ({"lines": [{"quantity": 1}], "sale_operation_id": 1}, "lines.0.variation_id"),
            ({"lines": [{"quantity": 1}], "sale_operation_id": 1, "sale_reference_id": "x"}, "sale_reference_id"),
            (
                {"lines": [{"quantity": 1}], "sale_operation_id": 1, "movement_type": "supplier_return"},
                "movement_type",
            ),
        ],
    )
    def test_a_return_that_says_too_little_or_too_much_is_refused(
        self, api: APIClient, body: dict[str, Any], field: str
    ) -> None:
        answer = api.post(RETURNS, {"movement_type": "customer_return", **body})

        assert field in problem(answer, 400, "invalid_request")["errors"]

    def test_only_a_sale_is_found_by_its_reference(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)
        body = {"lines": [{"batch_id": batch, "quantity": 1}], "reason": "r", "reference_id": "a-1"}
        adjusted = done(api.post(ADJUST, body))
        back = {"movement_type": "customer_return", "lines": [{"variation_id": item.pk, "quantity": 1}]}

        for reference in ("a-1", "never"):
            answer = api.post(RETURNS, {**back, "sale_reference_id": reference})
            assert problem(answer, 404, "not_found")["fields"]["reference_id"] == reference
        problem(api.post(RETURNS, {**back, "sale_operation_id": adjusted["operation_id"]}), 404, "not_found")
        assert shop.on_hand(item) == {"A": 6}


class TestReversing:
    def test_a_mistake_is_undone_once(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5)
        sale = shop.sell(item, 2)
        body = {"operation_id": sale.operation_id, "reason": "rung up twice", "reference_id": "undo-1"}

        answer = api.post(REVERSALS, body)

        assert [(m["batch"], m["quantity"]) for m in done(answer)["movements"]] == [("A", 2)]
        assert done(api.post(REVERSALS, body))["replayed"] is True
        again = api.post(REVERSALS, {**body, "reference_id": "undo-2"})
        assert again.status_code == 409
        assert again.json()["code"] in {"already_reversed", "exceeds_original"}
        assert shop.on_hand(item) == {"A": 5}

    def test_a_receipt_that_was_sold_meanwhile_cannot_be_undone(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        received = done(
            api.post(
                RECEIVE,
                {
                    "outlet_id": shop.outlet.pk,
                    "lines": [{"variation_id": item.pk, "quantity": 5, "batch_number": "A"}],
                },
            )
        )
        shop.sell(item, 2)

        answer = api.post(REVERSALS, {"operation_id": received["operation_id"], "reason": "wrong delivery"})

        assert problem(answer, 409, "insufficient_stock")["fields"]["lines"][0]["available"] == 3
        assert shop.on_hand(item) == {"A": 3}
