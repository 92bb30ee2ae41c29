"""What is on hand, what was, and what happened, over HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done, problem
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import StockMovement
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    adjust_stock,
    amend_batch,
    hold_batch,
    reserve_stock,
    reverse_operation,
)

STOCK = f"{INVENTORY}stock/"
MOVEMENTS = f"{INVENTORY}movements/"
OPERATIONS = f"{INVENTORY}operations/"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


@pytest.fixture
def second(make_outlet: Callable[..., Outlet]) -> Outlet:
    return make_outlet("Second")


@pytest.fixture
def auditor_of(
    business: NewTenant, colleague: Callable[..., Actor], client_for: Callable[..., APIClient]
) -> Callable[[int], APIClient]:
    """Somebody who may only look, at one outlet."""
    return lambda outlet_id: client_for(colleague(business, Role.AUDITOR, outlet_id))


def results(answer: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = done(answer, 200)["results"]
    return found


def every_page(api: APIClient, address: str | None) -> list[list[dict[str, Any]]]:
    pages = []
    while address:
        answer = api.get(address)
        pages.append(results(answer))
        address = answer.json()["next"]
    return pages


def lines_of(shop: Shop) -> list[tuple[int, int]]:
    """Every ledger line of the business by batch and version, in the order of recording."""
    with transaction.atomic():
        return list(
            StockMovement.objects.order_by("recorded_at", "batch_id", "version").values_list("batch_id", "version")
        )


class TestOnHand:
    def test_each_figure_is_told_apart(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation(margin=2, decimals=1)
        shop.receive(item, 10, "good", expires_in=50)
        shop.receive(item, 4, "late", expires_in=1)
        shop.receive(item, "2.5", "undated")
        hold_batch(actor=shop.actor, batch_id=shop.receive(item, 3, "held", expires_in=50), reason="seal")
        hold_batch(actor=shop.actor, batch_id=shop.receive(item, 1, "both", expires_in=-5), reason="seal")
        reserve_stock(
            actor=shop.actor,
            outlet_id=shop.outlet.pk,
            lines=[IssueLine(item.pk, Decimal(2))],
            hold_for=dt.timedelta(hours=1),
        )

        assert results(api.get(STOCK)) == [
            {
                "outlet_id": shop.outlet.pk,
                "outlet_name": shop.outlet.name,
                "variation_id": item.pk,
                "sku": item.sku,
                "product_name": item.product.name,
                "variation_name": "",
                "unit": "piece",
                "on_hand": 20.5,
                "sellable": 12.5,
                "expired": 5,
                "held": 3,
                "reserved": 2,
                "available": 10.5,
            }
        ]

    def test_what_was_on_hand_is_known_for_every_moment(self, shop: Shop, api: APIClient) -> None:
        item, other = shop.variation(), shop.variation()
        known: list[tuple[dt.datetime, list[int]]] = [(dt.datetime.now(dt.UTC), [0, 0])]

        def note(*expected: int) -> None:
            known.append((dt.datetime.now(dt.UTC), list(expected)))

        first = shop.receive(item, 5, "A")
        note(5, 0)
        shop.receive(item, 5, "B")
        shop.receive(other, 7)
        note(10, 7)
        shop.sell(item, 6)
        note(4, 7)
        # Two lines of one operation on one batch share their moment; the later one counts.
        lines = [BatchQuantity(first, Decimal(3)), BatchQuantity(first, Decimal(-1))]
        adjust_stock(actor=shop.actor, lines=lines, reason="counted twice")
        note(6, 7)

        for moment, expected in known:
            rows = results(api.get(STOCK, {"as_of": moment.isoformat()}))
            assert [row["on_hand"] for row in rows] == expected
            assert {row["available"] for row in rows} == {None}
        assert [row["on_hand"] for row in results(api.get(STOCK))] == [6, 7]

    def test_an_entry_that_came_late_is_not_in_what_was_known(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5)
        before = dt.datetime.now(dt.UTC)
        adjust_stock(
            actor=shop.actor,
            lines=[BatchQuantity(batch, Decimal(-1))],
            reason="broke yesterday",
            occurred_at=before - dt.timedelta(days=1),
        )

        assert results(api.get(STOCK, {"as_of": before.isoformat()}))[0]["on_hand"] == 5
        assert results(api.get(STOCK))[0]["on_hand"] == 4

    def test_a_moment_that_has_not_come_is_refused(self, api: APIClient) -> None:
        ahead = (dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)).isoformat()
        for moment in (ahead, "yesterday", "2026-11-22", "2026-11-22T10:00:00", "", "0001-01-01T00:00:00+14:00"):
            assert set(problem(api.get(STOCK, {"as_of": moment}), 400, "invalid_request")["errors"]) == {"as_of"}
        assert results(api.get(STOCK, {"as_of": "0001-01-01T00:00:00Z"})) == []

    def test_pages_and_filters(self, shop: Shop, api: APIClient, second: Outlet) -> None:
        items = [shop.variation() for _ in range(4)]
        for item in items:
            shop.receive(item, 1)
            shop.receive(item, 2, outlet=second)
        shop.sell(items[0], 1)
        everything = [(outlet, item.pk) for outlet in (shop.outlet.pk, second.pk) for item in items]

        def keys(rows: list[dict[str, Any]]) -> list[tuple[int, int]]:
            return [(row["outlet_id"], row["variation_id"]) for row in rows]

        for more in ("", f"&as_of={dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S.%f}%2B00:00"):
            pages = every_page(api, f"{STOCK}?page_size=3{more}")
            assert [key for page in pages for key in keys(page)] == everything
            last = api.get(api.get(f"{STOCK}?page_size=3{more}").json()["next"]).json()
            assert keys(results(api.get(last["previous"]))) == everything[:3]
        assert keys(results(api.get(STOCK, {"outlet_id": second.pk}))) == everything[4:]
        assert keys(results(api.get(STOCK, {"variation_id": items[1].pk}))) == [everything[1], everything[5]]
        assert keys(results(api.get(STOCK, {"in_stock": "false"}))) == everything[:1]
        assert keys(results(api.get(STOCK, {"in_stock": "true"}))) == everything[1:]

    def test_each_sees_the_stock_of_their_outlets(
        self, shop: Shop, second: Outlet, auditor_of: Callable[[int], APIClient]
    ) -> None:
        item = shop.variation()
        shop.receive(item, 1)
        shop.receive(item, 2, outlet=second)
        auditor = auditor_of(second.pk)

        for query in ({}, {"as_of": dt.datetime.now(dt.UTC).isoformat()}):
            assert [row["on_hand"] for row in results(auditor.get(STOCK, query))] == [2]
            problem(auditor.get(STOCK, {"outlet_id": shop.outlet.pk, **query}), 404, "not_found")


class TestMovements:
    def test_a_line_tells_all_there_is_to_know(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 5, "B-1", expires_in=10, cost="1.5")
        shop.sell(item, 2, reference="order-1")
        with transaction.atomic():
            sold = StockMovement.objects.select_related("operation__user").get(batch_id=batch, version=2)

        line = results(api.get(MOVEMENTS))[1]

        moment = sold.recorded_at.isoformat().replace("+00:00", "Z")
        assert line == {
            "batch_id": batch,
            "batch_number": "B-1",
            "expiry_date": (dt.datetime.now(dt.UTC).date() + dt.timedelta(days=10)).isoformat(),
            "version": 2,
            "outlet_id": shop.outlet.pk,
            "variation_id": item.pk,
            "sku": item.sku,
            "product_name": item.product.name,
            "variation_name": "",
            "operation_id": sold.operation_id,
            "operation_kind": "issue",
            "reference_id": "order-1",
            "reason": "",
            "channel": shop.actor.channel.value,
            "user_id": shop.actor.user_id,
            "user_name": "Olu Owner",
            "line": 1,
            "movement_type": "sale",
            "quantity": -2,
            "balance_before": 5,
            "balance_after": 3,
            "unit_cost": "1.50",
            "amendment": None,
            "occurred_at": sold.occurred_at.isoformat().replace("+00:00", "Z"),
            "recorded_at": moment,
        }

    def test_a_correction_shows_old_and_new(self, shop: Shop, api: APIClient) -> None:
        batch = shop.receive(shop.variation(), 5, "B-l")
        amend_batch(actor=shop.actor, batch_id=batch, changes={"batch_number": "B-1"}, reason="misread")

        line = results(api.get(MOVEMENTS, {"movement_type": "amend"}))[0]

        assert line["amendment"] == {"batch_number": ["B-l", "B-1"]}
        assert (line["quantity"], line["reason"], line["batch_number"]) == (0, "misread", "B-1")

    def history(self, shop: Shop, second: Outlet) -> list[ItemVariation]:
        items = [shop.variation(), shop.variation()]
        for number in range(4):
            for item in items:
                shop.receive(item, 10, f"B{number}", expires_in=10 + number)
                shop.receive(item, 10, f"B{number}", expires_in=10 + number, outlet=second)
            shop.sell(items[0], 3, reference=f"order-{number}")
        shop.sell(items[0], 12)
        return items

    def test_pages_follow_each_other_without_a_gap_in_both_directions(
        self, shop: Shop, api: APIClient, second: Outlet
    ) -> None:
        items = self.history(shop, second)
        everything = lines_of(shop)
        assert len(everything) == 23

        def keys(pages: list[list[dict[str, Any]]]) -> list[tuple[int, int]]:
            return [(line["batch_id"], line["version"]) for page in pages for line in page]

        with transaction.atomic():
            of_item = set(StockMovement.objects.filter(variation=items[0]).values_list("batch_id", "version"))
        for query, expected in (
            ("", everything),
            (f"&variation_id={items[0].pk}", [key for key in everything if key in of_item]),
            ("&movement_type=sale", None),
        ):
            oldest = keys(every_page(api, f"{MOVEMENTS}?page_size=4{query}"))
            newest = keys(every_page(api, f"{MOVEMENTS}?page_size=4&order=newest{query}"))
            assert oldest == (expected if expected is not None else oldest)
            assert len(oldest) > 5
            assert newest == oldest[::-1]
        for order in ("oldest", "newest"):
            pages = every_page(api, f"{MOVEMENTS}?page_size=4&order={order}")
            address = f"{MOVEMENTS}?page_size=4&order={order}"
            while following := api.get(address).json()["next"]:
                address = following
            back = [results(api.get(address))]
            while previous := api.get(address).json()["previous"]:
                address = previous
                back.append(results(api.get(address)))
            assert back[::-1] == pages

    def test_it_can_be_narrowed_down(self, shop: Shop, api: APIClient, second: Outlet) -> None:
        items = self.history(shop, second)
        sale = shop.sell(items[0], 12, reference="big")
        assert len(sale.movements) == 2
        batch = sale.movements[0].batch_id
        before = dt.datetime.now(dt.UTC)
        adjust_stock(
            actor=shop.actor,
            lines=[BatchQuantity(batch, Decimal(1))],
            reason="found last week",
            occurred_at=before - dt.timedelta(days=7),
        )

        def listed(**query: Any) -> list[tuple[str, int]]:
            return [(row["movement_type"], row["quantity"]) for row in results(api.get(MOVEMENTS, query))]

        everything = listed()
        taken = [("sale", int(movement.quantity)) for movement in sale.movements]
        assert listed(operation_id=sale.operation_id) == taken
        assert listed(reference_id="big") == taken
        assert listed(reference_id="big", operation_id=sale.operation_id) == taken
        assert listed(reference_id="big", operation_id=sale.operation_id - 1) == []
        assert listed(reference_id="big", batch_id=batch) == taken[:1]
        assert listed(reference_id="never") == []
        assert listed(batch_id=batch)[-2:] == [taken[0], ("adjustment", 1)]
        assert listed(movement_type="adjustment") == [("adjustment", 1)]
        assert listed(movement_type="theft") == []
        assert len(listed(outlet_id=second.pk)) == 8
        assert len(listed(outlet_id=second.pk, variation_id=items[0].pk)) == 4
        assert listed(recorded_from=before.isoformat()) == [("adjustment", 1)]
        assert listed(recorded_until=before.isoformat()) == everything[:-1]
        week_ago = before - dt.timedelta(days=7)
        assert listed(occurred_until=(before - dt.timedelta(days=1)).isoformat()) == [("adjustment", 1)]
        assert listed(occurred_from=week_ago.isoformat(), occurred_until=before.isoformat()) == [
            *everything[:-1],
            ("adjustment", 1),
        ]
        assert listed(occurred_from="0001-01-01T00:00:00Z") == everything
        assert listed(batch_id=2**62) == listed(operation_id=2**62) == listed(variation_id=2**62) == []

    @pytest.mark.parametrize(
        "query",
        [
            {"batch_id": "x"},
            {"operation_id": "-1"},
            {"movement_type": "lost"},
            {"order": "random"},
            {"recorded_from": "2026-11-22T10:00:00"},
            {"occurred_until": "x" * 500},
            {"reference_id": "r" * 201},
        ],
    )
    def test_a_filter_that_makes_no_sense_is_refused(self, api: APIClient, query: dict[str, str]) -> None:
        assert set(problem(api.get(MOVEMENTS, query), 400, "invalid_request")["errors"]) == set(query)

    def test_a_cursor_of_another_list_is_refused(self, shop: Shop, api: APIClient, second: Outlet) -> None:
        self.history(shop, second)
        cursor = api.get(f"{MOVEMENTS}?page_size=2").json()["next"].split("cursor=")[1].split("&")[0]

        for path in (STOCK, f"{INVENTORY}batches/", f"{INVENTORY}reservations/"):
            problem(api.get(f"{path}?cursor={cursor}"), 400, "invalid_cursor")
        for bad in ("x", "", "a:b:c"):
            problem(api.get(MOVEMENTS, {"cursor": bad}), 400, "invalid_cursor")

    def test_each_sees_the_lines_of_their_outlets(
        self, shop: Shop, second: Outlet, auditor_of: Callable[[int], APIClient]
    ) -> None:
        items = self.history(shop, second)
        auditor = auditor_of(second.pk)
        for query in ({}, {"variation_id": items[0].pk}):
            assert {row["outlet_id"] for row in results(auditor.get(MOVEMENTS, query))} == {second.pk}
        assert results(auditor.get(MOVEMENTS, {"reference_id": "order-1"})) == []
        problem(auditor.get(MOVEMENTS, {"outlet_id": shop.outlet.pk}), 404, "not_found")


class TestOperations:
    def test_it_tells_who_did_what_and_why(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 5)
        body = {
            "outlet_id": shop.outlet.pk,
            "variation_id": item.pk,
            "quantity": 2,
            "reason": "Sale",
            "note": "gift wrap",
            "reference_id": "order-1",
        }
        operation_id = int(api.post(f"{INVENTORY}deduct/", body)["Operation-Id"])

        told = done(api.get(f"{OPERATIONS}{operation_id}/"), 200)

        lines = told.pop("lines")
        assert told.pop("token_id") > 0
        assert dt.datetime.fromisoformat(told.pop("recorded_at")) == dt.datetime.fromisoformat(told.pop("occurred_at"))
        assert told == {
            "id": operation_id,
            "kind": "issue",
            "reference_id": "order-1",
            "reason": "Sale",
            "note": "gift wrap",
            "channel": "api",
            "user_id": shop.actor.user_id,
            "user_name": "Olu Owner",
            "token_name": "test",
            "refers_to_id": None,
            "line_count": 1,
        }
        assert lines == results(api.get(MOVEMENTS, {"operation_id": operation_id}))
        undone = reverse_operation(actor=shop.actor, operation_id=operation_id, reason="rung up twice")
        reversal = done(api.get(f"{OPERATIONS}{undone.operation_id}/"), 200)
        assert (reversal["refers_to_id"], reversal["kind"], reversal["token_id"]) == (operation_id, "reversal", None)
        assert [line["quantity"] for line in reversal["lines"]] == [2]

    def test_each_sees_the_part_at_their_outlets(
        self, shop: Shop, api: APIClient, second: Outlet, auditor_of: Callable[[int], APIClient]
    ) -> None:
        item = shop.variation()
        here, there = shop.receive(item, 5), shop.receive(item, 5, outlet=second)
        both = adjust_stock(
            actor=shop.actor,
            lines=[BatchQuantity(here, Decimal(1)), BatchQuantity(there, Decimal(1))],
            reason="found",
        ).operation_id
        only_here = shop.sell(item, 1).operation_id
        promise = reserve_stock(
            actor=shop.actor,
            outlet_id=second.pk,
            lines=[IssueLine(item.pk, Decimal(1))],
            hold_for=dt.timedelta(hours=1),
        )
        promised = done(api.get(f"{INVENTORY}reservations/{promise.reservation_id}/"), 200)["operation_id"]
        auditor = auditor_of(second.pk)

        seen = done(auditor.get(f"{OPERATIONS}{both}/"), 200)
        assert ([line["outlet_id"] for line in seen["lines"]], seen["line_count"]) == ([second.pk], 2)
        problem(auditor.get(f"{OPERATIONS}{only_here}/"), 404, "not_found")
        assert done(auditor.get(f"{OPERATIONS}{promised}/"), 200)["lines"] == []
        problem(auditor_of(shop.outlet.pk).get(f"{OPERATIONS}{promised}/"), 404, "not_found")
        assert done(api.get(f"{OPERATIONS}{promised}/"), 200)["kind"] == "reservation"
        problem(api.get(f"{OPERATIONS}{2**62}/"), 404, "not_found")
