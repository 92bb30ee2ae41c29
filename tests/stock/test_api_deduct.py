"""Selling over HTTP: the guide's contract word for word, and what grew round it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done, problem, stock_state
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role, Scope
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.operations import create_pack
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Operation
from lotkeeper.stock.operations import IssueLine, hold_batch, reserve_stock

DEDUCT = f"{INVENTORY}deduct/"


@pytest.fixture
def till(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


def day(expires_in: int) -> str:
    return (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=expires_in)).isoformat()


def one(shop: Shop, item: ItemVariation, quantity: Any, **more: Any) -> dict[str, Any]:
    return {"variation_id": item.pk, "quantity": quantity, "outlet_id": shop.outlet.pk, **more}


def basket(shop: Shop, *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"outlet_id": shop.outlet.pk, "lines": list(lines), **more}


def line(item: ItemVariation, quantity: Any, **more: Any) -> dict[str, Any]:
    return {"variation_id": item.pk, "quantity": quantity, **more}


def box_of(shop: Shop, item: ItemVariation, factor: int) -> int:
    with transaction.atomic():
        return int(create_pack(actor=shop.actor, variation_id=item.pk, name=f"Box of {factor}", factor=factor).pk)


class TestTheGuide:
    def test_its_request_gets_its_answer_word_for_word(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 10, "BATCH-002", expires_in=40)
        shop.receive(item, 3, "BATCH-001", expires_in=26)

        answer = till.post(
            DEDUCT,
            {
                "variation_id": item.pk,
                "quantity": 5,
                "outlet_id": shop.outlet.pk,
                "movement_type": "sale",
                "reason": "Sale order #12345",
                "reference_id": "order_12345",
            },
        )

        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "deductions": [
                {"batch": "BATCH-001", "quantity": 3, "expiry": day(26)},
                {"batch": "BATCH-002", "quantity": 2, "expiry": day(40)},
            ],
        }
        # Numbers are numbers, as in the guide, and whole ones have no point.
        assert b'"quantity":3,' in answer.content
        with transaction.atomic():
            operation = Operation.objects.get(reference_id="order_12345")
        assert (operation.kind, operation.reason, operation.channel) == ("issue", "Sale order #12345", "api")
        assert operation.user_id == shop.actor.user_id
        assert answer["Operation-Id"] == str(operation.pk)
        assert "Idempotency-Replayed" not in answer
        assert shop.on_hand(item) == {"BATCH-001": 0, "BATCH-002": 8}

    def test_too_little_is_refused_with_true_numbers(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 3, "A", expires_in=26)
        shop.receive(item, 9, "old", expires_in=-1)
        before = stock_state(shop.actor.tenant_id)

        refused = problem(till.post(DEDUCT, one(shop, item, 5)), 409, "insufficient_stock")

        assert refused["detail"] == "Insufficient stock. Needed 5, only 3 available."
        assert refused["fields"] == {"lines": [{"line": 1, "variation_id": item.pk, "needed": 5, "available": 3}]}
        assert stock_state(shop.actor.tenant_id) == before

    def test_a_sale_without_words_is_a_sale(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation(decimals=3)
        shop.receive(item, "2.5", "loose")

        answer = till.post(DEDUCT, one(shop, item, 1.125))

        assert answer.json() == {"success": True, "deductions": [{"batch": "loose", "quantity": 1.125, "expiry": None}]}
        assert shop.ledger(item)[-1] == ("loose", "sale", Decimal("-1.125"), Decimal("1.375"))


class TestRetries:
    @pytest.mark.parametrize("key", ["order-1", '"order-1"', "  order-1 "])
    def test_the_reference_may_stand_in_the_body_or_in_the_header(self, shop: Shop, till: APIClient, key: str) -> None:
        item = shop.variation()
        shop.receive(item, 5)

        first = till.post(DEDUCT, one(shop, item, 2, reference_id="order-1"))
        again = till.post(DEDUCT, one(shop, item, 2), headers={"idempotency-key": key})
        both = till.post(DEDUCT, one(shop, item, 2, reference_id="order-1"), headers={"idempotency-key": key})

        assert first.json() == again.json() == both.json()
        assert first["Operation-Id"] == again["Operation-Id"] == both["Operation-Id"]
        assert "Idempotency-Replayed" not in first
        assert (again["Idempotency-Replayed"], both["Idempotency-Replayed"]) == ("true", "true")
        assert shop.on_hand(item) == {"A": 3}

    def test_two_references_are_refused(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5)

        answer = till.post(DEDUCT, one(shop, item, 2, reference_id="a"), headers={"idempotency-key": "b"})

        refused = problem(answer, 422, "references_differ")
        assert refused["fields"] == {"reference_id": "a", "idempotency_key": "b"}
        assert shop.on_hand(item) == {"A": 5}

    @pytest.mark.parametrize("key", ["", " ", '""', "k" * 201, "caf\u00e9", "a\tb"])
    def test_a_header_that_can_be_no_reference_is_refused(self, shop: Shop, till: APIClient, key: str) -> None:
        item = shop.variation()
        shop.receive(item, 5)

        answer = till.post(DEDUCT, one(shop, item, 2), headers={"idempotency-key": key})

        assert "Idempotency-Key" in problem(answer, 400, "invalid_request")["errors"]
        assert shop.on_hand(item) == {"A": 5}

    def test_the_same_reference_for_another_sale_is_refused(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5)
        done(till.post(DEDUCT, one(shop, item, 2, reference_id="order-1")), 200)

        answer = till.post(DEDUCT, one(shop, item, 3, reference_id="order-1"))

        assert problem(answer, 422, "reference_reused")["fields"] == {"reference_id": "order-1"}
        assert shop.on_hand(item) == {"A": 3}


class TestBaskets:
    def test_each_deduction_says_what_it_was_taken_for(self, shop: Shop, till: APIClient) -> None:
        tea, milk = shop.variation(), shop.variation()
        tea_batch = shop.receive(tea, 5, "T", expires_in=30, cost="1.5")
        milk_batch = shop.receive(milk, 5, "M")

        answer = till.post(DEDUCT, basket(shop, line(milk, 2), line(tea, 1), reference_id="basket-1"))
        again = till.post(DEDUCT, basket(shop, line(milk, 2), line(tea, 1), reference_id="basket-1"))

        body = done(answer, 200)
        assert sorted(body.pop("deductions"), key=lambda each: each["line"]) == [
            {
                "line": 1,
                "variation_id": milk.pk,
                "batch_id": milk_batch,
                "batch": "M",
                "quantity": 2,
                "expiry": None,
                "unit_cost": None,
                "override": False,
            },
            {
                "line": 2,
                "variation_id": tea.pk,
                "batch_id": tea_batch,
                "batch": "T",
                "quantity": 1,
                "expiry": day(30),
                "unit_cost": "1.50",
                "override": False,
            },
        ]
        assert body == {"success": True, "operation_id": int(answer["Operation-Id"]), "replayed": False}
        assert again.json() == {**answer.json(), "replayed": True}

    def test_all_lines_go_or_none(self, shop: Shop, till: APIClient) -> None:
        plenty, short, never = shop.variation(), shop.variation(), shop.variation()
        shop.receive(plenty, 10)
        shop.receive(short, 2)
        before = stock_state(shop.actor.tenant_id)

        answer = till.post(DEDUCT, basket(shop, line(plenty, 3), line(short, 3), line(never, 3)))

        assert problem(answer, 409, "insufficient_stock")["fields"]["lines"] == [
            {"line": 2, "variation_id": short.pk, "needed": 3, "available": 2},
            {"line": 3, "variation_id": never.pk, "needed": 3, "available": 0},
        ]
        assert stock_state(shop.actor.tenant_id) == before

    def test_lines_keep_the_numbers_of_the_request_when_some_are_taken_together(
        self, shop: Shop, till: APIClient
    ) -> None:
        tea, milk = shop.variation(), shop.variation()
        shop.receive(tea, 5)
        shop.receive(milk, 1)

        refused = till.post(DEDUCT, basket(shop, line(tea, 1), line(tea, 2), line(milk, 3)))
        taken = till.post(DEDUCT, basket(shop, line(tea, 1), line(tea, 2), line(milk, 1)))

        assert problem(refused, 409, "insufficient_stock")["fields"]["lines"] == [
            {"line": 3, "variation_id": milk.pk, "needed": 3, "available": 1}
        ]
        assert {(each["line"], each["quantity"]) for each in done(taken, 200)["deductions"]} == {(1, 3), (3, 1)}

    def test_the_lot_in_hand_goes_and_is_marked_when_an_earlier_one_stood_there(
        self, shop: Shop, till: APIClient
    ) -> None:
        item = shop.variation()
        soon = shop.receive(item, 5, "soon", expires_in=10)
        late = shop.receive(item, 5, "late", expires_in=90)

        answer = till.post(DEDUCT, basket(shop, line(item, 1, batch_id=late), line(item, 2, batch_id=soon)))
        plain = till.post(DEDUCT, one(shop, item, 1, batch_id=late))

        taken = {
            each["batch"]: (each["line"], each["quantity"], each["override"]) for each in answer.json()["deductions"]
        }
        assert taken == {"late": (1, 1, True), "soon": (2, 2, False)}
        assert plain.json()["deductions"] == [{"batch": "late", "quantity": 1, "expiry": day(90)}]
        assert shop.on_hand(item) == {"soon": 3, "late": 3}

    def test_both_forms_at_once_are_refused(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5)

        answer = till.post(DEDUCT, {**one(shop, item, 1), "lines": [line(item, 1)]})

        assert set(problem(answer, 400, "invalid_request")["errors"]) == {"lines"}
        assert shop.on_hand(item) == {"A": 5}


class TestPacks:
    def test_a_box_of_9_is_exactly_9(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 30)
        box = box_of(shop, item, 9)

        answer = till.post(DEDUCT, one(shop, item, 3, pack_id=box))

        assert answer.json()["deductions"] == [{"batch": "A", "quantity": 27, "expiry": None}]
        assert shop.on_hand(item) == {"A": 3}

    def test_a_part_of_a_box_must_be_whole_units(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 30)
        box = box_of(shop, item, 10)

        refused = problem(till.post(DEDUCT, one(shop, item, 0.25, pack_id=box)), 400, "too_precise")
        taken = till.post(DEDUCT, one(shop, item, 0.5, pack_id=box))

        assert refused["fields"]["quantity_decimals"] == 0
        assert taken.json()["deductions"] == [{"batch": "A", "quantity": 5, "expiry": None}]

    def test_another_variations_box_is_not_found(self, shop: Shop, till: APIClient) -> None:
        item, other = shop.variation(), shop.variation()
        shop.receive(item, 30)
        box = box_of(shop, other, 9)

        answer = till.post(DEDUCT, basket(shop, line(item, 1), line(item, 1, pack_id=box)))

        assert problem(answer, 404, "not_found")["fields"] == {"what": "pack", "pack_id": box, "line": 2}
        assert shop.on_hand(item) == {"A": 30}

    def test_more_than_can_be_counted_is_refused(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        box = box_of(shop, item, 2**31 - 1)

        answer = till.post(DEDUCT, one(shop, item, 99_999_999_999, pack_id=box))

        assert set(problem(answer, 400, "invalid_request")["errors"]) == {"quantity"}


class TestOtherKinds:
    def test_a_sample_goes_by_expiry_like_a_sale(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5, expires_in=5)

        done(till.post(DEDUCT, one(shop, item, 1, movement_type="sample")), 200)

        assert shop.ledger(item)[-1][1:3] == ("sample", Decimal(-1))

    @pytest.mark.parametrize("kind", ["damage", "expiry", "theft", "adjustment", "supplier_return"])
    def test_what_is_about_one_batch_takes_that_batch(self, shop: Shop, till: APIClient, kind: str) -> None:
        item = shop.variation()
        shop.receive(item, 5, "fresh", expires_in=5)
        expired = shop.receive(item, 5, "old", expires_in=-5)
        body = one(shop, item, 2, movement_type=kind, reason="found on the shelf", reference_id="w-1")

        answer = till.post(DEDUCT, {**body, "batch_id": expired})
        again = till.post(DEDUCT, {**body, "batch_id": expired})

        assert answer.json() == {
            "success": True,
            "deductions": [{"batch": "old", "quantity": 2, "expiry": day(-5)}],
        }
        assert again["Idempotency-Replayed"] == "true"
        assert shop.ledger(item)[-1] == ("old", kind, Decimal(-2), Decimal(3))

    @pytest.mark.parametrize("kind", ["damage", "expiry", "theft", "adjustment", "supplier_return"])
    def test_it_needs_to_name_the_batch(self, shop: Shop, till: APIClient, kind: str) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)
        plain = one(shop, item, 1, movement_type=kind, reason="r")
        lines = basket(shop, line(item, 1, batch_id=batch), line(item, 1), movement_type=kind, reason="r")

        first = problem(till.post(DEDUCT, plain), 400, "invalid_request")
        second = problem(till.post(DEDUCT, lines), 400, "invalid_request")

        sentence = f"Name the batch: {kind} is about one batch, not about the next to expire."
        assert first["errors"] == {"batch_id": [sentence]}
        assert second["errors"] == {"lines.1.batch_id": [sentence]}
        assert shop.on_hand(item) == {"A": 5}

    def test_a_write_off_says_why(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)

        answer = till.post(DEDUCT, one(shop, item, 1, movement_type="damage", batch_id=batch))

        assert set(problem(answer, 400, "invalid_request")["errors"]) == {"reason"}
        assert shop.on_hand(item) == {"A": 5}

    def test_a_batch_of_something_else_or_from_elsewhere_is_not_found(
        self, shop: Shop, till: APIClient, make_outlet: Callable[..., Outlet]
    ) -> None:
        item, other = shop.variation(), shop.variation()
        shop.receive(item, 5)
        foreign = [
            shop.receive(other, 5),
            shop.receive(item, 5, "B", outlet=make_outlet("Second")),
        ]
        before = stock_state(shop.actor.tenant_id)
        for batch in foreign:
            for kind in ("damage", "sale"):
                answer = till.post(DEDUCT, one(shop, item, 1, movement_type=kind, reason="r", batch_id=batch))
                assert problem(answer, 404, "not_found")["fields"]["batch_id"] == batch
        assert stock_state(shop.actor.tenant_id) == before

    @pytest.mark.parametrize("kind", ["purchase", "transfer_out", "reversal", "amend", "Sale", "", None, 1, ["sale"]])
    def test_what_takes_nothing_out_here_is_refused(self, shop: Shop, till: APIClient, kind: Any) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)

        answer = till.post(DEDUCT, one(shop, item, 1, movement_type=kind, reason="r", batch_id=batch))

        assert set(problem(answer, 400, "invalid_request")["errors"]) == {"movement_type"}
        assert shop.on_hand(item) == {"A": 5}


class TestDryRun:
    def test_it_tells_and_takes_nothing(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 3, "soon", expires_in=5)
        shop.receive(item, 3, "late", expires_in=50)
        before = stock_state(shop.actor.tenant_id)

        answer = till.post(DEDUCT, one(shop, item, 4, dry_run=True, reference_id="r-1"))

        assert answer.json() == {
            "success": True,
            "deductions": [
                {"batch": "soon", "quantity": 3, "expiry": day(5)},
                {"batch": "late", "quantity": 1, "expiry": day(50)},
            ],
            "dry_run": True,
        }
        assert "Operation-Id" not in answer
        assert stock_state(shop.actor.tenant_id) == before

    def test_a_write_off_cannot_be_tried(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)

        answer = till.post(DEDUCT, one(shop, item, 1, movement_type="damage", reason="r", batch_id=batch, dry_run=True))

        assert set(problem(answer, 400, "invalid_request")["errors"]) == {"dry_run"}
        assert shop.on_hand(item) == {"A": 5}

    @pytest.mark.parametrize("seed", range(25))
    def test_it_says_what_the_sale_then_does(self, shop: Shop, till: APIClient, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311  # no secret hangs on it
        items = [
            shop.variation(margin=chance.choice([0, 3]), policy=chance.choice([None, "fifo"]), decimals=2)
            for _ in range(2)
        ]
        batches: list[tuple[ItemVariation, int]] = []
        for number in range(7):
            item = chance.choice(items)
            expires_in = chance.choice([None, -1, 0, 2, 3, 10, 40])
            batch = shop.receive(item, chance.randint(1, 6), f"B{number}", expires_in=expires_in)
            batches.append((item, batch))
            if chance.random() < 0.2:
                hold_batch(actor=shop.actor, batch_id=batch, reason="seal")
        if chance.random() < 0.5:
            promised = chance.choice([each for each, _ in batches])
            answer = till.post(DEDUCT, one(shop, promised, 2, dry_run=True))
            if answer.status_code == 200:
                reserve_stock(
                    actor=shop.actor,
                    outlet_id=shop.outlet.pk,
                    lines=[IssueLine(promised.pk, Decimal(2))],
                    hold_for=dt.timedelta(hours=1),
                )
        for _ in range(4):
            lines = []
            for _ in range(chance.randint(1, 4)):
                item, batch = chance.choice(batches)
                named = {"batch_id": batch} if chance.random() < 0.3 else {}
                lines.append(line(item, chance.choice([1, 2, 0.5, 5, 9]), **named))

            tried = till.post(DEDUCT, basket(shop, *lines, dry_run=True))
            posted = till.post(DEDUCT, basket(shop, *lines))

            assert tried.status_code == posted.status_code
            said, did = tried.json(), posted.json()
            if posted.status_code == 200:
                key = ("line", "batch_id")
                assert sorted(said["deductions"], key=lambda d: [d[k] for k in key]) == sorted(
                    did["deductions"], key=lambda d: [d[k] for k in key]
                )
            else:
                assert said["code"] == did["code"]


@pytest.fixture
def client_as(
    business: NewTenant, colleague: Callable[..., Actor], client_for: Callable[..., APIClient]
) -> Callable[[Role, int | None], APIClient]:
    return lambda role, outlet_id: client_for(colleague(business, role, outlet_id))


class TestWhoMay:
    @pytest.mark.parametrize("dry_run", [True, False])
    @pytest.mark.parametrize(
        ("role", "status"),
        [(Role.OWNER, 200), (Role.MANAGER, 200), (Role.CLERK, 200), (Role.COUNTER, 403), (Role.AUDITOR, 403)],
    )
    def test_those_who_sell(
        self, shop: Shop, client_as: Callable[..., APIClient], *, role: Role, status: int, dry_run: bool
    ) -> None:
        item = shop.variation()
        shop.receive(item, 5)

        answer = client_as(role, shop.outlet.pk).post(DEDUCT, one(shop, item, 1, dry_run=dry_run))

        assert answer.status_code == status, answer.content
        assert shop.on_hand(item) == {"A": 4 if status == 200 and not dry_run else 5}

    def test_not_at_another_outlet(
        self, shop: Shop, client_as: Callable[..., APIClient], make_outlet: Callable[..., Outlet]
    ) -> None:
        item = shop.variation()
        shop.receive(item, 5)
        elsewhere = client_as(Role.CLERK, make_outlet("Second").pk)

        refused = problem(elsewhere.post(DEDUCT, one(shop, item, 1)), 403, "not_allowed")

        assert refused["fields"] == {"permission": "sell", "outlet_id": shop.outlet.pk}
        assert shop.on_hand(item) == {"A": 5}

    def test_not_with_a_token_for_reading_nor_without_one(
        self, shop: Shop, client_for: Callable[..., APIClient]
    ) -> None:
        item = shop.variation()
        shop.receive(item, 5)

        problem(client_for(shop.actor, Scope.READ).post(DEDUCT, one(shop, item, 1)), 403, "not_allowed")
        problem(APIClient().post(DEDUCT, one(shop, item, 1)), 401, "not_authenticated")
        assert shop.on_hand(item) == {"A": 5}

    def test_another_business_finds_nothing(
        self, shop: Shop, make_business: Callable[[], NewTenant], client_for: Callable[..., APIClient]
    ) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)
        stranger = client_for(make_business().actor)

        for more in ({}, {"batch_id": batch}, {"dry_run": True}, {"movement_type": "damage", "batch_id": batch}):
            problem(stranger.post(DEDUCT, one(shop, item, 1, reason="r", **more)), 404, "not_found")
        assert shop.on_hand(item) == {"A": 5}


class TestWhen:
    def test_an_entry_may_be_late_but_not_of_the_future(self, shop: Shop, till: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5)
        now = dt.datetime.now(dt.UTC)
        late = (now - dt.timedelta(days=2)).isoformat()

        answer = till.post(DEDUCT, one(shop, item, 1, occurred_at=late))

        with transaction.atomic():
            operation = Operation.objects.get(pk=int(answer["Operation-Id"]))
        assert operation.occurred_at == now - dt.timedelta(days=2)
        for moment in ((now + dt.timedelta(days=1)).isoformat(), (now - dt.timedelta(days=400)).isoformat()):
            refused = problem(till.post(DEDUCT, one(shop, item, 1, occurred_at=moment)), 400, "invalid_request")
            assert set(refused["errors"]) == {"occurred_at"}
        for moment in ("2026-11-22T10:00:00", "yesterday", "", 5, "0001-01-01T00:00:00+14:00", "2026-13-01T00:00:00Z"):
            refused = problem(till.post(DEDUCT, one(shop, item, 1, occurred_at=moment)), 400, "invalid_request")
            assert set(refused["errors"]) == {"occurred_at"}
        assert shop.on_hand(item) == {"A": 4}
