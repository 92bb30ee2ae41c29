"""Stock takes over HTTP: opened, counted, posted once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient
from tests.concurrency.racing import at_once
from tests.stock.answers import INVENTORY, done, problem, stock_state
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.business import BusinessChanges, change_business
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import ROLE_PERMISSIONS, Actor, Permission, Role, Scope
from lotkeeper.catalog.operations import create_category, create_pack, create_supplier

TAKES = f"{INVENTORY}stock-takes/"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


def counted(shop: Shop, *batches: tuple[int, int], **more: Any) -> dict[str, Any]:
    items = [{"batch_id": batch, "physical_count": quantity} for batch, quantity in batches]
    return {"outlet_id": shop.outlet.pk, "items": items, **more}


class TestTheGuidesOwnRequests:
    def test_the_documented_body_works(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 40, cost="2")
        items = [{"batch_id": batch, "physical_count": 45, "variance_reason": "Found in stockroom"}]

        opened = done(api.post(TAKES, {"outlet_id": shop.outlet.pk, "items": items}))
        [line] = done(api.get(f"{TAKES}{opened['id']}/lines/"), 200)["results"]
        posted = api.post(f"{TAKES}{opened['id']}/reconcile/")

        moment = opened.pop("created_at")
        assert moment.endswith("Z")
        assert opened == {
            "id": opened["id"],
            "outlet_id": shop.outlet.pk,
            "status": "draft",
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "scope": "list",
            "category_id": None,
            "supplier_id": None,
            "blind": False,
            "uncounted_is_zero": False,
            "assignee_ids": [],
            "notes": "",
            "tolerance_units": None,
            "tolerance_value": None,
            "reference_id": None,
            "user_id": shop.actor.user_id,
            "completed_at": None,
            "reconciled_at": None,
            "reconciled_by_id": None,
            "operation_id": None,
            "sees_book": True,
            "summary": {
                "lines": 1,
                "counted": 1,
                "to_count": 0,
                "awaiting_recount": 0,
                "differing": 1,
                "needing_approval": 0,
                "book_units": 40,
                "net_units": 5,
                "absolute_units": 5,
                "net_value": "10.00",
                "absolute_value": "10.00",
                "accuracy_net": 0.875,
                "accuracy_absolute": 0.875,
            },
        }
        assert (line["batch_id"], line["physical_count"], line["system_count"], line["variance"]) == (batch, 45, 40, 5)
        assert (line["value"], line["unit_cost"], line["variance_reason"]) == ("10.00", "2.00", "Found in stockroom")
        assert (line["moved_since"], line["lines_since"], line["superseded"]) == (0, 0, False)
        assert done(posted, 200) == {"detail": "Stock take reconciled", "adjustments": 1}
        assert shop.on_hand(item) == {"A": 45}
        assert done(api.get(f"{INVENTORY}operations/{posted['Operation-Id']}/"), 200)["kind"] == "stock_take"
        after = done(api.get(f"{TAKES}{opened['id']}/"), 200)
        assert (after["status"], after["operation_id"]) == ("reconciled", int(posted["Operation-Id"]))

    def test_pressed_twice_it_is_posted_once_by_either_verb(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        take = done(api.post(TAKES, counted(shop, (batch, 12))))["id"]

        first = api.patch(f"{TAKES}{take}/reconcile/")
        shop.sell(item, 1)
        again = api.post(f"{TAKES}{take}/reconcile/", {"reference_id": "another"})

        assert done(again, 200) == done(first, 200) == {"detail": "Stock take reconciled", "adjustments": 1}
        assert again["Operation-Id"] == first["Operation-Id"]
        assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
        assert shop.on_hand(item) == {"A": 11}

    def test_two_people_who_post_at_once_post_once(
        self, shop: Shop, api: APIClient, colleague: Callable[..., Actor], business: NewTenant, client_for: Any
    ) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        take = done(api.post(TAKES, counted(shop, (batch, 7))))["id"]
        manager = client_for(colleague(business, Role.MANAGER))

        answers = at_once(*(lambda c=c: c.post(f"{TAKES}{take}/reconcile/") for c in (api, manager, api, manager)))

        assert {(answer.status_code, answer.json()["adjustments"]) for answer in answers} == {(200, 1)}
        assert len({answer["Operation-Id"] for answer in answers}) == 1
        assert [answer.get("Idempotency-Replayed") for answer in answers].count("true") == 3
        assert shop.on_hand(item) == {"A": 7}

    def test_a_shortage_is_taken_from_the_batch_that_was_counted(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        shop.receive(item, 10, "soon", expires_in=5)
        late = shop.receive(item, 10, "late", expires_in=90)
        take = done(api.post(TAKES, counted(shop, (late, 8))))["id"]
        done(api.post(f"{TAKES}{take}/reconcile/"), 200)
        assert shop.on_hand(item) == {"soon": 10, "late": 8}
        assert [line[2] for line in shop.ledger(item)] == [10, 10, -2]

    def test_expired_stock_counted_as_nothing_leaves_the_fresh_alone(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        expired = shop.receive(item, 4, "expired", expires_in=-3)
        shop.receive(item, 6, "fresh", expires_in=90)
        take = done(api.post(TAKES, counted(shop, (expired, 0))))["id"]
        done(api.post(f"{TAKES}{take}/reconcile/"), 200)
        assert shop.on_hand(item) == {"expired": 0, "fresh": 6}

    def test_seven_counted_after_a_sale_of_three_from_ten_stays_seven(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        take = done(api.post(TAKES, {"outlet_id": shop.outlet.pk}))["id"]
        shop.sell(item, 3)
        seen = {"batch_id": batch, "quantity": 7}
        assert done(api.post(f"{TAKES}{take}/count/", seen), 200) == {"recorded": 1, "known": 0}
        shop.sell(item, 2)
        [line] = done(api.get(f"{TAKES}{take}/lines/"), 200)["results"]
        assert (line["system_count"], line["variance"], line["moved_since"], line["lines_since"]) == (7, 0, -2, 1)
        assert done(api.post(f"{TAKES}{take}/reconcile/"), 200)["adjustments"] == 0
        assert shop.on_hand(item) == {"A": 5}

    def test_two_over_and_two_short_are_different(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        over, short = shop.receive(item, 10, "over"), shop.receive(item, 10, "short")
        take = done(api.post(TAKES, counted(shop, (over, 12), (short, 8))))["id"]
        done(api.post(f"{TAKES}{take}/reconcile/"), 200)
        assert shop.on_hand(item) == {"over": 12, "short": 8}
        assert sorted((line[0], line[2]) for line in shop.ledger(item)[2:]) == [("over", 2), ("short", -2)]


class TestOpening:
    def test_the_same_request_opens_one_and_another_under_its_number_none(self, shop: Shop, api: APIClient) -> None:
        batch = shop.receive(shop.variation(), 10)
        body = counted(shop, (batch, 9), reference_id="count-1")
        first = api.post(TAKES, body)
        before = stock_state(shop.actor.tenant_id)

        again = api.post(TAKES, body)
        by_header = api.post(TAKES, {**body, "reference_id": None}, HTTP_IDEMPOTENCY_KEY='"count-1"')

        assert done(again) == done(by_header) == done(first)
        assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
        problem(api.post(TAKES, {**body, "blind": True}), 422, "reference_reused")
        problem(api.post(TAKES, body, HTTP_IDEMPOTENCY_KEY="count-2"), 422, "references_differ")
        assert stock_state(shop.actor.tenant_id) == before

    def test_the_same_request_at_once_opens_one(self, shop: Shop, api: APIClient) -> None:
        batch = shop.receive(shop.variation(), 10)
        body = counted(shop, (batch, 9), reference_id="count-1")
        answers = at_once(*(lambda: api.post(TAKES, body) for _ in range(4)))
        assert [answer.status_code for answer in answers] == [201] * 4
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert done(api.get(TAKES), 200)["results"][0]["id"] == answers[0].json()["id"]
        assert len(done(api.get(TAKES), 200)["results"]) == 1

    def test_a_scope_takes_what_it_is_about_and_nothing_else(self, shop: Shop, api: APIClient) -> None:
        category = create_category(actor=shop.actor, name="Drinks").pk
        supplier = create_supplier(actor=shop.actor, name="North").pk
        item = shop.variation()
        batch = shop.receive(item, 1)
        before = stock_state(shop.actor.tenant_id)
        for told, errors in (
            ({"scope": "category"}, {"category_id": ["The scope category needs this."]}),
            ({"scope": "supplier", "category_id": category}, {
                "category_id": ["This has no place in the scope supplier."],
                "supplier_id": ["The scope supplier needs this."],
            }),
            ({"scope": "outlet", "batch_ids": [batch], "variation_ids": [item.pk]}, {
                "batch_ids": ["This has no place in the scope outlet."],
                "variation_ids": ["This has no place in the scope outlet."],
            }),
            ({"category_id": category}, {"category_id": ["This has no place in the scope outlet."]}),
            ({"scope": "list"}, {"scope": ["Name between 1 and 5000 variations or batches to count."]}),
        ):  # fmt: skip
            refused = problem(api.post(TAKES, {"outlet_id": shop.outlet.pk, **told}), 400, "invalid_request")
            assert refused["errors"] == errors
        twice = problem(api.post(TAKES, counted(shop, (batch, 1), (batch, 2))), 400, "invalid_request")
        assert twice["errors"] == {"items": ["A batch is there twice. Add the two counts together."]}
        problem(api.post(TAKES, counted(shop, (batch, 1), scope="supplier", supplier_id=supplier)), 409, "out_of_scope")
        assert stock_state(shop.actor.tenant_id) == before

        for told, scope in (
            ({"scope": "category", "category_id": category}, "category"),
            ({"scope": "supplier", "supplier_id": supplier}, "supplier"),
            ({"variation_ids": [item.pk]}, "list"),
            ({"batch_ids": [batch]}, "list"),
            ({}, "outlet"),
        ):
            assert done(api.post(TAKES, {"outlet_id": shop.outlet.pk, **told}))["scope"] == scope

    def test_a_count_is_given_to_people_who_see_which_are_theirs(
        self, shop: Shop, api: APIClient, colleague: Callable[..., Actor], business: NewTenant, client_for: Any
    ) -> None:
        actor = colleague(business, Role.COUNTER, shop.outlet.pk)
        manager = client_for(colleague(business, Role.MANAGER, shop.outlet.pk))
        counter = client_for(actor)
        batch = shop.receive(shop.variation(), 3)
        # Who may not let people in may all the same name them.
        given = done(manager.post(TAKES, {"outlet_id": shop.outlet.pk, "assignee_ids": [actor.user_id]}))
        other = done(api.post(TAKES, {"outlet_id": shop.outlet.pk, "assignee_ids": [shop.actor.user_id]}))

        mine = done(counter.get(f"{TAKES}?assigned_to_me=true"), 200)["results"]
        everybodys = done(counter.get(f"{TAKES}?status=draft&outlet_id={shop.outlet.pk}"), 200)["results"]

        assert given["assignee_ids"] == [actor.user_id]
        assert [take["id"] for take in mine] == [given["id"]]
        assert [take["id"] for take in everybodys] == [other["id"], given["id"]]
        assert done(counter.get(f"{TAKES}?status=reconciled"), 200)["results"] == []
        seen = {"batch_id": batch, "quantity": 3}
        problem(counter.post(f"{TAKES}{other['id']}/count/", seen), 403, "not_assigned")
        done(counter.post(f"{TAKES}{given['id']}/count/", seen), 200)
        refused = problem(
            api.post(TAKES, {"outlet_id": shop.outlet.pk, "assignee_ids": [actor.user_id, 1]}), 404, "not_found"
        )
        assert refused["fields"] == {"what": "user", "user_id": 1}

    def test_a_remark_is_changed_until_the_count_is_posted(self, shop: Shop, api: APIClient) -> None:
        batch = shop.receive(shop.variation(), 3)
        take = done(api.post(TAKES, counted(shop, (batch, 3), notes="First shelf")))
        assert take["notes"] == "First shelf"
        assert done(api.patch(f"{TAKES}{take['id']}/", {"notes": "Both shelves"}), 200)["notes"] == "Both shelves"
        done(api.post(f"{TAKES}{take['id']}/reconcile/"), 200)
        problem(api.patch(f"{TAKES}{take['id']}/", {"notes": "Later"}), 409, "stock_take_closed")
        assert done(api.get(f"{TAKES}{take['id']}/"), 200)["notes"] == "Both shelves"


class TestCounting:
    @pytest.fixture
    def take(self, shop: Shop, api: APIClient) -> str:
        return f"{TAKES}{done(api.post(TAKES, {'outlet_id': shop.outlet.pk}))['id']}/"

    def test_many_observations_are_kept_once_however_often_they_are_sent(
        self, shop: Shop, api: APIClient, take: str
    ) -> None:
        item = shop.variation()
        first, second = shop.receive(item, 10, "A"), shop.receive(item, 20, "B", expires_in=50)
        now = dt.datetime.now(dt.UTC).isoformat()
        seen = [
            {"batch_id": first, "quantity": 4, "place": "shelf", "client_id": str(uuid4()), "counted_at": now},
            {"batch_id": first, "quantity": 5, "place": "store room", "client_id": str(uuid4()), "counted_at": now},
            {"batch_id": second, "quantity": 20, "client_id": str(uuid4()), "variance_reason": "none"},
        ]
        more = {"batch_id": second, "quantity": 19, "client_id": str(uuid4())}

        assert done(api.post(f"{take}count/", {"observations": seen}), 200) == {"recorded": 3, "known": 0}
        again = {"observations": [*seen, more], "sent_at": now}
        assert done(api.post(f"{take}count/", again), 200) == {"recorded": 1, "known": 3}

        lines = done(api.get(f"{take}lines/"), 200)["results"]
        assert {line["batch_id"]: line["physical_count"] for line in lines} == {first: 9, second: 19}
        item_id = next(line["item_id"] for line in lines if line["batch_id"] == first)
        kept = done(api.get(f"{take}observations/?item_id={item_id}"), 200)["results"]
        assert [(each["place"], each["quantity"], each["system_count"]) for each in kept] == [
            ("shelf", 4, 10),
            ("store room", 5, 10),
        ]
        assert {each["user_name"] for each in kept} == {"Olu Owner"}
        assert len(done(api.get(f"{take}observations/"), 200)["results"]) == 4
        problem(api.post(f"{take}count/", {**more, "quantity": 18}), 422, "reference_reused")

    def test_boxes_count_as_what_is_in_them(self, shop: Shop, api: APIClient, take: str) -> None:
        item, other = shop.variation(), shop.variation()
        batch, alien = shop.receive(item, 20), shop.receive(other, 5)
        pack = create_pack(actor=shop.actor, variation_id=item.pk, name="Box", factor=9).pk
        of_batch = {"batch_id": batch, "quantity": 2, "pack_id": pack, "place": "shelf"}
        by_number = {"variation_id": item.pk, "batch_number": "New", "quantity": 1, "pack_id": pack}
        done(api.post(f"{take}count/", {"observations": [of_batch, by_number]}), 200)
        lines = done(api.get(f"{take}lines/"), 200)["results"]
        assert {line["batch_number"]: (line["physical_count"], line["found"]) for line in lines} == {
            "A": (18, False),
            "New": (9, True),
        }
        before = stock_state(shop.actor.tenant_id)
        refused = problem(api.post(f"{take}count/", {**of_batch, "batch_id": alien}), 404, "not_found")
        assert refused["fields"] == {"what": "pack", "pack_id": pack, "line": 1}
        assert stock_state(shop.actor.tenant_id) == before

    def test_goods_that_nobody_knew_become_a_batch(self, shop: Shop, api: APIClient, take: str) -> None:
        item = shop.variation()
        found = {
            "variation_id": item.pk,
            "batch_number": "F-1",
            "expiry_date": "03/2031",
            "unit_cost": "1.50",
            "quantity": 6,
        }
        done(api.post(f"{take}count/", found), 200)
        assert done(api.post(f"{take}reconcile/"), 200)["adjustments"] == 1
        [line] = done(api.get(f"{take}lines/"), 200)["results"]
        assert (line["batch_number"], line["expiry_date"], line["value"]) == ("F-1", "2031-03-31", "9.00")
        assert shop.on_hand(item) == {"F-1": 6}

    def test_what_is_wrong_is_told_by_field_and_nothing_of_it_is_kept(
        self, shop: Shop, api: APIClient, take: str
    ) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        good = {"batch_id": batch, "quantity": 4}
        before = stock_state(shop.actor.tenant_id)
        either = "Name the batch by its batch_id, or by variation_id and what is written on the goods."
        future = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
        for wrong, name, sentence in (
            ({"quantity": -1}, "quantity", "Must not be negative."),
            ({"quantity": "4"}, "quantity", "Must be a number."),
            ({"batch_id": None}, "batch_id", either),
            ({"variation_id": item.pk}, "variation_id", either),
            ({"batch_id": None, "variation_id": item.pk}, "batch_number", "Name the batch, as printed on the goods."),
            ({"counted_at": "2026-11-22T10:00:00"}, "counted_at", "Name the time zone, such as 2026-11-22T10:00:00Z."),
            ({"counted_at": future}, "counted_at", "That is in the future. Is the device's clock right?"),
            ({"client_id": 7}, "client_id", "Must be a UUID."),
            ({"round": 2}, "round", "This is counted in round 1."),
        ):
            alone = problem(api.post(f"{take}count/", {**good, **wrong}), 400, "invalid_request")
            assert alone["errors"] == {name: [sentence]}
            among = {"observations": [good, {**good, **wrong}]}
            assert problem(api.post(f"{take}count/", among), 400, "invalid_request")["errors"] == {
                f"observations.1.{name}": [sentence]
            }
        refused = problem(api.post(f"{take}count/", {**good, "observations": [good]}), 400, "invalid_request")
        assert refused["errors"] == {"observations": ["Send either observations, or one quantity of one batch."]}
        problem(api.post(f"{take}count/", {"observations": []}), 400, "invalid_request")
        problem(api.post(f"{take}count/", {"observations": [good] * 10_001}), 400, "invalid_request")
        problem(api.post(f"{take}count/", {**good, "quantity": Decimal("1.5")}), 400, "too_precise")
        problem(api.post(f"{take}count/", {**good, "batch_id": batch + 10_000}), 404, "not_found")
        assert stock_state(shop.actor.tenant_id) == before

    def test_what_is_to_be_counted_shrinks_as_it_is_counted(self, shop: Shop, api: APIClient, take: str) -> None:
        batches = [shop.receive(shop.variation(), 1, f"B-{number}") for number in range(3)]
        first = done(api.get(f"{take}to-count/?page_size=2"), 200)
        rest = done(api.get(first["next"]), 200)
        back = done(api.get(rest["previous"]), 200)
        listed = [row["batch_id"] for row in first["results"] + rest["results"]]
        assert sorted(listed) == batches
        assert back["results"] == first["results"]
        assert "quantity" not in first["results"][0]
        done(api.post(f"{take}count/", {"batch_id": listed[0], "quantity": 1}), 200)
        assert [row["batch_id"] for row in done(api.get(f"{take}to-count/"), 200)["results"]] == listed[1:]


class TestClosing:
    def test_from_a_recount_and_an_approval_to_the_posting(
        self, shop: Shop, api: APIClient, colleague: Callable[..., Actor], business: NewTenant, client_for: Any
    ) -> None:
        change_business(actor=shop.actor, changes=BusinessChanges(count_tolerance_units=Decimal(2)))
        counter = client_for(colleague(business, Role.COUNTER, shop.outlet.pk))
        item = shop.variation()
        large, small = shop.receive(item, 30, "large", cost="1"), shop.receive(item, 10, "small", cost="1")
        take = f"{TAKES}{done(counter.post(TAKES, counted(shop, (large, 20), (small, 9))))['id']}/"

        assert done(counter.post(f"{take}complete/"), 200)["status"] == "completed"
        lines = done(api.get(f"{take}lines/"), 200)["results"]
        assert [(line["batch_id"], line["variance"], line["value"]) for line in lines] == [
            (large, -10, "-10.00"),
            (small, -1, "-1.00"),
        ]
        large_item = lines[0]["item_id"]
        unapproved = done(api.get(f"{take}lines/?only=unapproved"), 200)["results"]
        assert [line["item_id"] for line in unapproved] == [large_item]
        refused = problem(api.post(f"{take}reconcile/"), 409, "approval_needed")
        assert refused["fields"] == {"items": 1, "item_ids": [large_item]}

        again = done(api.post(f"{take}recount/", {"item_ids": [large_item]}), 200)
        assert (again["summary"]["awaiting_recount"], again["summary"]["to_count"]) == (1, 1)
        problem(api.post(f"{take}reconcile/"), 409, "recount_outstanding")
        [waiting] = done(counter.get(f"{take}to-count/"), 200)["results"]
        assert (waiting["batch_id"], waiting["item_id"]) == (large, large_item)
        done(counter.post(f"{take}count/", {"batch_id": large, "quantity": 25, "round": 2}), 200)

        problem(counter.post(f"{take}approve/"), 403, "not_allowed")
        assert done(api.post(f"{take}approve/", {"item_ids": [large_item]}), 200)["summary"]["needing_approval"] == 0
        assert done(api.post(f"{take}reconcile/"), 200)["adjustments"] == 2
        assert shop.on_hand(item) == {"large": 25, "small": 9}
        [posted, _] = done(api.get(f"{take}lines/?only=differences"), 200)["results"]
        assert (posted["round"], posted["approved_by_id"], posted["moved_since"]) == (2, shop.actor.user_id, None)

    def test_nobody_approves_what_they_counted(self, shop: Shop, api: APIClient) -> None:
        change_business(actor=shop.actor, changes=BusinessChanges(count_tolerance_units=Decimal(2)))
        batch = shop.receive(shop.variation(), 30)
        take = f"{TAKES}{done(api.post(TAKES, counted(shop, (batch, 20))))['id']}/"
        before = stock_state(shop.actor.tenant_id)
        problem(api.post(f"{take}approve/"), 409, "own_count")
        assert stock_state(shop.actor.tenant_id) == before

    def test_more_sold_since_than_was_counted_names_the_batch(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        take = f"{TAKES}{done(api.post(TAKES, counted(shop, (batch, 2))))['id']}/"
        shop.sell(item, 5)
        before = stock_state(shop.actor.tenant_id)
        refused = problem(api.post(f"{take}reconcile/"), 409, "sold_since_counted")
        assert [line["batch_id"] for line in refused["fields"]["lines"]] == [batch]
        assert stock_state(shop.actor.tenant_id) == before

    def test_a_cancelled_count_takes_nothing_more(self, shop: Shop, api: APIClient) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        take = f"{TAKES}{done(api.post(TAKES, counted(shop, (batch, 2))))['id']}/"
        assert done(api.post(f"{take}cancel/"), 200)["status"] == "cancelled"
        assert done(api.post(f"{take}cancel/"), 200)["status"] == "cancelled"
        before = stock_state(shop.actor.tenant_id)
        for verb, body in (
            ("reconcile/", {}),
            ("complete/", {}),
            ("approve/", {}),
            ("count/", {"batch_id": batch, "quantity": 1}),
        ):
            problem(api.post(f"{take}{verb}", body), 409, "stock_take_closed")
        assert shop.on_hand(item) == {"A": 10}
        assert stock_state(shop.actor.tenant_id) == before


CALLS = [
    ("count/", Permission.COUNT),
    ("complete/", Permission.COUNT),
    ("recount/", Permission.RECONCILE),
    ("approve/", Permission.RECONCILE),
    ("cancel/", Permission.RECONCILE),
    ("reconcile/", Permission.RECONCILE),
]


class TestRoles:
    @pytest.fixture
    def client_as(self, business: NewTenant, colleague: Any, client_for: Any) -> Callable[[Role, int], APIClient]:
        return lambda role, outlet_id: client_for(colleague(business, role, outlet_id))

    @pytest.fixture
    def take(self, shop: Shop, api: APIClient) -> tuple[int, dict[str, Any]]:
        batch = shop.receive(shop.variation(), 10)
        take = done(api.post(TAKES, counted(shop, (batch, 9))))["id"]
        [line] = done(api.get(f"{TAKES}{take}/lines/"), 200)["results"]
        return take, {"batch_id": batch, "quantity": 9, "item_ids": [line["item_id"]]}

    @pytest.mark.parametrize("role", list(Role), ids=str)
    @pytest.mark.parametrize(("path", "permission"), CALLS)
    def test_each_role_does_what_is_its_part(
        self,
        shop: Shop,
        take: tuple[int, dict[str, Any]],
        client_as: Any,
        *,
        path: str,
        permission: Permission,
        role: Role,
    ) -> None:
        take_id, body = take
        before = stock_state(shop.actor.tenant_id)
        client = client_as(role, shop.outlet.pk)

        answer = client.post(f"{TAKES}{take_id}/{path}", body)

        if permission in ROLE_PERMISSIONS[role]:
            assert answer.status_code == 200, answer.content
        else:
            refused = problem(answer, 403, "not_allowed")
            assert refused["fields"] == {"permission": permission.value, "outlet_id": shop.outlet.pk}
            assert stock_state(shop.actor.tenant_id) == before
        opened = client.post(TAKES, {"outlet_id": shop.outlet.pk})
        assert opened.status_code == (201 if Permission.COUNT in ROLE_PERMISSIONS[role] else 403)
        noted = client.patch(f"{TAKES}{take_id}/", {"notes": "x"})
        assert noted.status_code in ({200, 409} if Permission.COUNT in ROLE_PERMISSIONS[role] else {403})

    @pytest.mark.parametrize("role", list(Role), ids=str)
    def test_a_count_elsewhere_is_unknown(
        self, shop: Shop, take: tuple[int, dict[str, Any]], client_as: Any, make_outlet: Any, *, role: Role
    ) -> None:
        take_id, body = take
        before = stock_state(shop.actor.tenant_id)
        here = client_as(role, shop.outlet.pk)
        elsewhere = client_as(role, make_outlet("Second").pk)
        for path in ("", "lines/", "to-count/", "observations/"):
            assert here.get(f"{TAKES}{take_id}/{path}").status_code == 200
            problem(elsewhere.get(f"{TAKES}{take_id}/{path}"), 404, "not_found")
        for path, _ in CALLS:
            problem(elsewhere.post(f"{TAKES}{take_id}/{path}", body), 404, "not_found")
        assert done(elsewhere.get(TAKES), 200)["results"] == []
        assert stock_state(shop.actor.tenant_id) == before

    def test_a_token_for_reading_reads(self, shop: Shop, take: tuple[int, dict[str, Any]], client_for: Any) -> None:
        take_id, body = take
        reader = client_for(shop.actor, Scope.READ)
        assert reader.get(f"{TAKES}{take_id}/").status_code == 200
        for path, permission in CALLS:
            refused = problem(reader.post(f"{TAKES}{take_id}/{path}", body), 403, "not_allowed")
            assert refused["fields"]["permission"] == permission
