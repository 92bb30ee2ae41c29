"""Selling in a browser: scan, see what goes, post; and what happens when there is not enough."""

from __future__ import annotations

import time
from decimal import Decimal

from django.db import transaction
from playwright.sync_api import Route, expect
from tests.conftest import Colleague
from tests.e2e.conftest import LogIn, Screen, Store

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Role
from lotkeeper.stock.models import Batch


def scan(screen: Screen, code: str) -> None:
    """As a hand scanner does it; the answer is waited for."""
    with screen.page.expect_response(lambda answer: answer.request.method == "POST"):
        screen.page.fill("#scan", code)
        screen.page.press("#scan", "Enter")


def answer_slowly(route: Route) -> None:
    time.sleep(0.2)
    route.continue_()


def test_a_scanned_sale_takes_the_batch_that_expires_first(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/sell/")
    # Scanned again, it counts up, however slow the answers are; the field has the focus for the next one.
    screen.page.route("**/sell/", answer_slowly)
    for _ in range(3):
        screen.page.keyboard.type("4006381333931")
        screen.page.keyboard.press("Enter")
    expect(screen.page.get_by_label("Quantity")).to_have_value("3")
    expect(screen.page.locator("#scan")).to_be_focused()
    screen.page.unroute("**/sell/")
    screen.page.get_by_label("Quantity").fill("8")
    screen.page.get_by_label("Quantity").blur()
    goes = screen.page.locator("#goes-0")
    expect(goes).to_contain_text("6 from lot M-1")
    expect(goes).to_contain_text("2 from lot M-2")
    expect(goes).to_contain_text("4 expired, left out")
    screen.page.get_by_role("button", name="Post the issue").click()
    expect(screen.page.locator(".posted")).to_contain_text("M-1")
    assert store.shop.on_hand(store.milk) == {"M-OLD": Decimal(4), "M-1": Decimal(0), "M-2": Decimal(18)}
    assert store.shop.ledger(store.milk)[-2:] == [
        ("M-1", "sale", Decimal(-6), Decimal(0)),
        ("M-2", "sale", Decimal(-2), Decimal(18)),
    ]


def test_a_shortage_is_refused_beside_its_line_and_changes_nothing(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open(f"/sell/?variation={store.pills.pk}")
    before = store.shop.ledger(store.pills)
    screen.page.get_by_label("Quantity").fill("12")
    screen.page.get_by_role("button", name="Post the issue").click()
    expect(screen.page.locator("#goes-0")).to_contain_text("Needed 12, only 10 available.")
    expect(screen.page.locator("#goes-0")).to_contain_text("5 held, left out")
    assert store.shop.ledger(store.pills) == before
    # The same page goes on: less is sold, once, however often the button is pressed.
    screen.page.get_by_label("Quantity").fill("10")
    screen.page.get_by_role("button", name="Post the issue").dblclick()
    expect(screen.page.locator(".posted")).to_contain_text("P-1")
    assert store.shop.on_hand(store.pills) == {"P-1": Decimal(0), "P-HELD": Decimal(5)}


def test_a_hand_scanner_needs_no_focus_and_words_offer_a_choice(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/sell/")
    screen.page.locator("h1").click()
    # As fast as a scanner types, and Enter at its end.
    screen.page.keyboard.type("96385074")
    screen.page.keyboard.press("Enter")
    expect(screen.page.get_by_role("region", name="Bar of soap")).to_be_visible()
    scan(screen, "a")
    screen.page.get_by_role("button", name="Add Headache pills").click()
    expect(screen.page.get_by_role("region", name="Headache pills")).to_be_visible()
    screen.page.get_by_role("button", name="Remove Bar of soap").click()
    expect(screen.page.get_by_role("region", name="Bar of soap")).to_have_count(0)
    scan(screen, "7611234567890")
    expect(screen.page.locator("#work")).to_contain_text("Nothing is known by “7611234567890”.")


def test_a_scanned_lot_is_the_lot_that_goes(store: Store, log_in: LogIn) -> None:
    later = store.shop.receive(store.pills, 3, "P-2", expires_in=600)
    screen = log_in(store.owner)
    screen.open("/sell/")
    scan(screen, "(01)09506000134352(10)P-2")
    expect(screen.page.locator("#goes-0")).to_contain_text("lot P-2 in hand")
    expect(screen.page.locator("#goes-0")).to_contain_text("an earlier lot is there")
    scan(screen, "(01)09506000134352(10)P-9")
    expect(screen.page.locator("#work")).to_contain_text("Lot P-9 is not in stock here.")
    screen.page.get_by_role("button", name="Remove Headache pills").last.click()
    expect(screen.page.get_by_role("region", name="Headache pills")).to_have_count(1)
    screen.page.get_by_role("button", name="Post the issue").click()
    expect(screen.page.locator(".posted")).to_contain_text("P-2")
    with transaction.atomic():
        assert Batch.objects.get(pk=later).quantity == Decimal(2)


def test_selling_works_without_scripts(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    plain = screen.context.browser
    assert plain is not None
    context = plain.new_context(java_script_enabled=False)
    context.add_cookies(screen.context.cookies())
    page = context.new_page()
    page.goto(screen.address + "/sell/")
    page.fill("#scan", "4006381333931")
    page.press("#scan", "Enter")
    page.get_by_role("button", name="Post the issue").click()
    expect(page.locator(".posted")).to_contain_text("M-1")
    context.close()
    assert store.shop.on_hand(store.milk)["M-1"] == Decimal(5)


def test_a_clerk_is_offered_what_she_may_do_and_refused_the_rest(
    store: Store, log_in: LogIn, business: NewTenant, colleague: Colleague
) -> None:
    clerk = colleague(business, Role.CLERK, store.shop.outlet.pk)
    screen = log_in(clerk)
    screen.open(f"/stock/{store.pills.pk}/")
    # No Hold, no Correct, and nothing of the other outlet.
    assert screen.page.get_by_role("link", name="Write off").count() == 2
    assert screen.page.get_by_role("link", name="Hold").count() == 0
    assert screen.page.get_by_role("link", name="Edit").count() == 0
    screen.open("/adjust/")
    assert "adjustment" not in screen.page.locator("#id_kind option").evaluate_all("all => all.map(one => one.value)")
    answer = screen.page.goto(f"{screen.address}/stock/lots/{store.first_milk}/hold/")
    assert answer is not None
    assert answer.status == 403
    expect(screen.page.locator("h1")).to_have_text("Not allowed")
    auditor = log_in(colleague(business, Role.AUDITOR))
    auditor.open("/")
    assert auditor.page.get_by_role("link", name="Sell").count() == 0
