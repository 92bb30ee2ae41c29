"""The pages of stock takes without a browser: who may do what, what is posted once, what the database is asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.conftest import Colleague
from tests.stock.conftest import Shop
from tests.stocktakes.conftest import Counting

from lotkeeper.accounts.models import User
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.stocktakes.models import StockTake, StockTakeObservation, StockTakeStatus


def browser_of(actor: Actor) -> Client:
    browser = Client()
    browser.force_login(User.objects.get(pk=actor.user_id))
    return browser


def reference() -> str:
    return f"page-{uuid4().hex}"


def takes() -> list[StockTake]:
    with transaction.atomic():
        return list(StockTake.objects.order_by("id"))


def observations() -> list[tuple[Decimal, str]]:
    with transaction.atomic():
        return list(StockTakeObservation.objects.order_by("id").values_list("quantity", "place"))


def test_a_form_that_is_sent_twice_opens_one_count(shop: Shop, counting: Counting) -> None:
    browser = browser_of(shop.actor)
    form = {
        "outlet": str(shop.outlet.pk),
        "scope": "outlet",
        "blind": "on",
        "assignee_ids": [str(counting.counter.user_id)],
        "reference": reference(),
    }
    first, again = browser.post("/stock-takes/new/", form), browser.post("/stock-takes/new/", form)
    (take,) = takes()
    assert (first.status_code, first["Location"]) == (303, f"/stock-takes/{take.pk}/count/")
    assert again["Location"] == first["Location"]
    assert (take.blind, take.uncounted_is_zero) == (True, False)
    with transaction.atomic():
        assert list(take.assignees.values_list("user_id", flat=True)) == [counting.counter.user_id]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"scope": "category"}, "Choose one."),
        ({"scope": "supplier", "supplier_id": ""}, "Choose one."),
        ({"scope": "list"}, "Tick the products to count."),
        ({"scope": "list", "variation_ids": ["x", "0"]}, "Tick the products to count."),
        ({"scope": "everything"}, "Select a valid choice."),
        ({"scope": "outlet", "assignee_ids": ["999999999"]}, "There is no such user"),
    ],
)
def test_a_count_of_nothing_is_refused_beside_its_field(shop: Shop, form: dict[str, Any], sentence: str) -> None:
    answer = browser_of(shop.actor).post("/stock-takes/new/", {"outlet": str(shop.outlet.pk), **form})
    assert answer.status_code in {404, 422}
    assert sentence in answer.content.decode()
    assert takes() == []


def test_without_a_script_a_lot_is_chosen_by_its_link_and_counted_once(shop: Shop, counting: Counting) -> None:
    milk = shop.variation()
    batch = shop.receive(milk, 10)
    take = counting.open()
    browser = browser_of(counting.counter)
    page = browser.get(f"/stock-takes/{take.pk}/count/?batch={batch}").content.decode()
    assert f'name="batch_id" value="{batch}"' in page
    form = {"client_id": str(uuid4()), "batch_id": str(batch), "variation_id": str(milk.pk), "quantity": "9"}
    for _ in range(2):
        answer = browser.post(f"/stock-takes/{take.pk}/count/", {**form, "place": "Shelf 3"})
        assert (answer.status_code, answer["Location"]) == (303, f"/stock-takes/{take.pk}/count/")
    assert observations() == [(Decimal(9), "Shelf 3")]


@pytest.mark.parametrize("quantity", ["-1", "nan", "1e12", "1.2345", "", "a dozen", "1" * 40])
def test_a_quantity_that_makes_no_sense_is_not_counted(shop: Shop, counting: Counting, quantity: str) -> None:
    batch = shop.receive(shop.variation(), 10)
    take = counting.open()
    form = {"client_id": str(uuid4()), "batch_id": str(batch), "quantity": quantity}
    answer = browser_of(counting.counter).post(f"/stock-takes/{take.pk}/count/", form)
    assert answer.status_code == 422
    assert observations() == []


def test_nothing_is_counted_before_something_was_chosen(counting: Counting) -> None:
    take = counting.open()
    answer = browser_of(counting.counter).post(
        f"/stock-takes/{take.pk}/count/", {"client_id": str(uuid4()), "quantity": "3"}
    )
    assert answer.status_code == 422
    assert "Choose first what was counted" in answer.content.decode()
    assert observations() == []


def test_who_may_count_may_not_post_and_who_may_look_may_not_count(
    shop: Shop, business: NewTenant, counting: Counting, colleague: Colleague
) -> None:
    milk = shop.variation()
    take = counting.open()
    counting.see(take, shop.receive(milk, 10), 7)
    (line,) = counting.lines(take)
    address = f"/stock-takes/{take.pk}/"
    clerk = browser_of(colleague(business, Role.CLERK, shop.outlet.pk))
    for verb in ("reconcile", "cancel", "swap", "recount", "approve"):
        answer = clerk.post(f"{address}{verb}/", {"item": str(line.item_id), "reference": reference()})
        assert answer.status_code == 403, verb
    page = clerk.get(address).content.decode()
    assert [verb for verb in ("reconcile", "cancel", "swap", "recount") if f"{address}{verb}/" in page] == []
    auditor = browser_of(colleague(business, Role.AUDITOR, shop.outlet.pk))
    assert auditor.get(address).status_code == 200
    assert auditor.get(f"{address}count/").status_code == 403
    assert auditor.get("/stock-takes/new/").status_code == 403
    assert auditor.post(f"{address}complete/").status_code == 403
    (now,) = takes()
    assert now.status == StockTakeStatus.DRAFT
    assert shop.on_hand(milk) == {"A": Decimal(10)}


def test_a_count_of_another_outlet_or_business_is_not_there(
    shop: Shop, business: NewTenant, counting: Counting, colleague: Colleague, make_outlet: Any
) -> None:
    take = counting.open()
    elsewhere = browser_of(colleague(business, Role.MANAGER, make_outlet("Mill Lane").pk))
    for page in ("", "count/", "reconcile/"):
        assert elsewhere.get(f"/stock-takes/{take.pk}/{page}").status_code == 404
    assert f"/stock-takes/{take.pk}/" not in elsewhere.get("/stock-takes/").content.decode()


def test_in_a_blind_count_no_page_tells_what_the_book_says(shop: Shop, counting: Counting) -> None:
    milk = shop.variation()
    batch = shop.receive(milk, "7391", cost="3.17")
    take = counting.open(blind=True)
    counting.see(take, batch, 12)
    browser = browser_of(counting.counter)
    for page in ("", "?only=differences", "count/", f"count/?batch={batch}", f"count/?code={milk.sku}", "complete/"):
        told = browser.get(f"/stock-takes/{take.pk}/{page}").content.decode()
        assert not [figure for figure in ("7391", "7,391", "7379", "7,379", "3.17") if figure in told], page
    # Whoever posts it sees everything.
    assert "7,391" in browser_of(shop.actor).get(f"/stock-takes/{take.pk}/").content.decode()


def test_a_count_is_posted_once_and_its_pages_then_only_tell(shop: Shop, counting: Counting) -> None:
    milk = shop.variation()
    batch = shop.receive(milk, 10)
    take = counting.open()
    counting.see(take, batch, 7)
    browser = browser_of(shop.actor)
    address = f"/stock-takes/{take.pk}/"
    for _ in range(2):
        assert browser.post(f"{address}reconcile/", {"reference": reference()})["Location"] == address
    assert shop.ledger(milk)[1:] == [("A", "adjustment", Decimal(-3), Decimal(7))]
    page = browser.get(address).content.decode()
    assert [verb for verb in ("reconcile", "recount", "count") if f'{address}{verb}/"' in page] == []
    assert "This count is closed" in browser.get(f"{address}count/").content.decode()
    late = {"client_id": str(uuid4()), "batch_id": str(batch), "quantity": "9"}
    assert browser.post(f"{address}count/", late).status_code == 409
    assert observations() == [(Decimal(7), "")]
    refused = browser.post(f"{address}cancel/", {"reference": reference()})
    assert refused.status_code == 409
    assert "that is no longer possible" in refused.content.decode()


def test_lots_of_which_more_was_sold_than_counted_are_named(shop: Shop, counting: Counting) -> None:
    milk = shop.variation()
    batch = shop.receive(milk, 10)
    take = counting.open()
    counting.see(take, batch, 2)
    shop.sell(milk, 5)
    answer = browser_of(shop.actor).post(f"/stock-takes/{take.pk}/reconcile/", {"reference": reference()})
    assert answer.status_code == 409
    assert f"Count {milk.product.name}, lot A again." in answer.content.decode()
    assert shop.on_hand(milk) == {"A": Decimal(5)}


def test_only_the_page_with_the_camera_may_run_what_its_reader_is_made_of(shop: Shop, counting: Counting) -> None:
    take = counting.open()
    browser = browser_of(shop.actor)
    policies = [browser.get(f"/stock-takes/{take.pk}/{page}")["Content-Security-Policy"] for page in ("count/", "")]
    assert ["script-src 'self' 'wasm-unsafe-eval'" in policy for policy in policies] == [True, False]
    assert "wasm" not in policies[1]


def test_a_place_in_the_lines_that_was_made_up_is_refused(shop: Shop, counting: Counting) -> None:
    take = counting.open()
    assert browser_of(shop.actor).get(f"/stock-takes/{take.pk}/?after=x").status_code == 400


def test_the_database_is_asked_no_more_for_thirty_lots_than_for_one(shop: Shop, counting: Counting) -> None:
    browser = browser_of(shop.actor)
    take = counting.open()
    asked = []
    for more in (2, 32):
        for _ in range(more):
            variation = shop.variation()
            counting.see(take, shop.receive(variation, 5, "A", cost="1"), 3)
            shop.receive(variation, 5, "B")
        for path in ("/stock-takes/", f"/stock-takes/{take.pk}/", f"/stock-takes/{take.pk}/count/"):
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(path).status_code == 200
            asked.append(len([each for each in queries if each["sql"].startswith(("SELECT", "--", "WITH"))]))
    assert asked[:3] == asked[3:]
    assert max(asked) <= 20
