"""The pages of stock without a browser: who sees what, how much the database is asked, and what is posted once."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.conftest import Colleague
from tests.stock.conftest import Shop

from lotkeeper.accounts.models import User
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.stock.checks import CheckResult, last_check
from lotkeeper.stock.queries import MovementsWanted, balances, statement_of
from lotkeeper.stock.tasks import check_ledger

FRAGMENT = {"HX-Request": "true"}


def browser_of(actor: Actor) -> Client:
    browser = Client()
    browser.force_login(User.objects.get(pk=actor.user_id))
    return browser


def sale(shop: Shop, variation_id: int, quantity: str, **more: str) -> dict[str, str]:
    return {
        "outlet": str(shop.outlet.pk),
        "lines-0-variation_id": str(variation_id),
        "lines-0-quantity": quantity,
        "action": "post",
        **more,
    }


def test_a_page_that_is_sent_twice_posts_once(shop: Shop) -> None:
    milk = shop.variation()
    shop.receive(milk, 10)
    browser = browser_of(shop.actor)
    form = sale(shop, milk.pk, "3", reference=f"page-{uuid4().hex}")
    first = browser.post("/sell/", form)
    again = browser.post("/sell/", form)
    assert (first.status_code, again.status_code) == (303, 303)
    assert first["Location"] == again["Location"]
    assert shop.on_hand(milk) == {"A": Decimal(7)}
    # The same page with other lines is another request under the same name.
    other = browser.post("/sell/", {**form, "lines-0-quantity": "4"})
    assert other.status_code == 422
    assert b"This page was posted before, with other lines." in other.content
    assert shop.on_hand(milk) == {"A": Decimal(7)}


@pytest.mark.parametrize("quantity", ["0", "-1", "nan", "1e9", "1.2345", "", "a dozen", "1" * 40])
def test_a_quantity_that_makes_no_sense_is_told_beside_its_field(shop: Shop, quantity: str) -> None:
    milk = shop.variation()
    shop.receive(milk, 10)
    page = browser_of(shop.actor).post("/sell/", sale(shop, milk.pk, quantity))
    assert page.status_code in {400, 409, 422}
    assert shop.on_hand(milk) == {"A": Decimal(10)}


def test_a_piece_is_not_sold_in_parts(shop: Shop) -> None:
    milk = shop.variation(decimals=0)
    shop.receive(milk, 10)
    page = browser_of(shop.actor).post("/sell/", sale(shop, milk.pk, "0.5"))
    assert page.status_code == 400
    assert b"This is counted with 0 decimals at most." in page.content
    assert shop.on_hand(milk) == {"A": Decimal(10)}


def test_nothing_at_all_is_not_posted(shop: Shop) -> None:
    page = browser_of(shop.actor).post("/sell/", {"action": "post"})
    assert page.status_code == 422
    assert b"Add what it is about first" in page.content


def test_a_lot_of_another_product_is_not_written_off_in_its_place(shop: Shop) -> None:
    milk, soap = shop.variation(), shop.variation()
    shop.receive(milk, 10)
    soap_lot = shop.receive(soap, 5)
    form = {**sale(shop, milk.pk, "1"), "lines-0-batch_id": str(soap_lot), "kind": "damage", "reason": "Broken"}
    page = browser_of(shop.actor).post("/adjust/", form)
    assert page.status_code == 404
    assert shop.on_hand(soap) == {"A": Decimal(5)}


@pytest.mark.parametrize("path", ["/", "/stock/", "/sell/", "/receive/", "/adjust/", "/transfers/", "/products/"])
def test_nobody_sees_a_page_before_logging_in(path: str) -> None:
    page = Client().get(path)
    assert (page.status_code, page["Location"]) == (302, f"/accounts/login/?next={path}")
    # A part of a page leads the whole browser there.
    fragment = Client().get(path, headers=FRAGMENT)
    assert (fragment.status_code, fragment["HX-Redirect"]) == (200, "/accounts/login/")


@pytest.mark.parametrize(
    ("role", "refused"),
    [
        (Role.MANAGER, {"/people/", "/outlets/", "/tokens/"}),
        (Role.CLERK, {"/people/", "/outlets/", "/tokens/", "/products/new/", "/integrity/"}),
        (Role.COUNTER, {"/people/", "/outlets/", "/tokens/", "/products/new/", "/integrity/", "/sell/", "/receive/",
                        "/adjust/", "/transfers/new/"}),
    ],
)  # fmt: skip
def test_a_role_opens_the_pages_of_what_it_may_do(
    shop: Shop, business: NewTenant, colleague: Colleague, role: Role, refused: set[str]
) -> None:
    outlet_id = None if role is Role.MANAGER else shop.outlet.pk
    browser = browser_of(colleague(business, role, outlet_id))
    pages = ["/", "/stock/", "/sell/", "/receive/", "/adjust/", "/transfers/", "/transfers/new/", "/products/",
             "/products/new/", "/people/", "/outlets/", "/tokens/", "/integrity/"]  # fmt: skip
    assert {path for path in pages if browser.get(path).status_code == 403} == refused
    # What is refused is not offered either.
    menu = browser.get("/").content.decode()
    assert [path for path in refused - {"/integrity/"} if f'href="{path}"' in menu] == []


def test_who_has_no_role_is_told_so(shop: Shop, business: NewTenant, colleague: Colleague) -> None:
    person = colleague(business, Role.CLERK, shop.outlet.pk)
    with transaction.atomic():
        User.objects.get(pk=person.user_id).memberships.all().delete()
    browser = browser_of(person)
    assert b"You have no role yet" in browser.get("/").content
    assert browser.get("/stock/").status_code == 403


def test_stock_at_another_outlet_is_not_shown(
    shop: Shop, business: NewTenant, colleague: Colleague, make_outlet: object
) -> None:
    milk = shop.variation()
    other = make_outlet("Mill Lane")  # type: ignore[operator]  # the fixture
    shop.receive(milk, 10)
    shop.receive(milk, 4, "B", outlet=other)
    browser = browser_of(colleague(business, Role.CLERK, other.pk))
    page = browser.get(f"/stock/{milk.pk}/").content.decode()
    assert "Mill Lane" in page
    assert "Main street" not in page
    assert browser.get(f"/stock/?outlet={shop.outlet.pk}").content.decode().count(">4<") > 0


def test_the_database_is_asked_no_more_for_thirty_products_than_for_one(shop: Shop) -> None:
    browser = browser_of(shop.actor)
    asked = []
    for more in (1, 34):
        for _ in range(more):
            variation = shop.variation()
            shop.receive(variation, 5, "A", expires_in=3)
            shop.receive(variation, 5, "B", expires_in=300)
        for path in ("/stock/", "/products/", "/"):
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(path).status_code == 200
            asked.append(len([each for each in queries if each["sql"].startswith(("SELECT", "--", "WITH"))]))
    assert asked[:3] == asked[3:]
    assert max(asked) <= 22


def test_the_statement_goes_on_where_the_earlier_one_ended(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(balances, "STATEMENT_LINES", 4)
    milk = shop.variation()
    shop.receive(milk, 10, "A", expires_in=5)
    shop.receive(milk, 10, "B", expires_in=9)
    for _ in range(3):
        shop.sell(milk, 4)
    wanted = MovementsWanted(variation_id=milk.pk)
    with transaction.atomic():
        last = statement_of(shop.actor, wanted)
        assert last.earlier is not None
        earlier = statement_of(shop.actor, wanted, last.earlier)
    # The third sale takes 2 from A and 2 from B: two lines.
    assert [line.balance for line in last.lines] == [16, 12, 10, 8]
    assert (last.opening, last.closing) == (Decimal(20), Decimal(8))
    assert [line.balance for line in earlier.lines] == [10, 20]
    assert (earlier.opening, earlier.closing, earlier.earlier) == (Decimal(0), Decimal(20), None)


def test_a_place_in_a_list_that_was_made_up_is_refused(shop: Shop) -> None:
    milk = shop.variation()
    shop.receive(milk, 1)
    browser = browser_of(shop.actor)
    for path in ("/stock/?after=x", "/products/?after=x", f"/stock/{milk.pk}/statement/?before=x"):
        assert browser.get(path).status_code == 400


def test_what_a_check_found_is_remembered(shop: Shop) -> None:
    browser = browser_of(shop.actor)
    assert last_check(shop.actor.tenant_id) is None
    milk = shop.variation()
    shop.receive(milk, 1)
    check_ledger(shop.actor.tenant_id)
    known = last_check(shop.actor.tenant_id)
    assert known is not None
    assert known.failed == []
    assert isinstance(known.results[0], CheckResult)
    assert b"Every promise holds" in browser.get("/").content
    assert browser.post("/integrity/").status_code == 303
