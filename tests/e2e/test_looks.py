"""Every page on a desk and on a phone, light and dark: readable by everybody, and no wider than its window."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect
from tests.e2e.conftest import PHONE, ROOT, WIDE, LogIn, Screen, Store
from tests.e2e.test_stock_taking import forgive_the_network, scan_shelf

from lotkeeper.accounts.operations.business import BusinessChanges, change_business
from lotkeeper.stock.operations import IssueLine
from lotkeeper.stocktakes.operations import Observation, Scope, open_stock_take, record_counts, request_recount
from lotkeeper.transfers.operations import transfer_stock

AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

PAGES: dict[str, Callable[[Store, int], str]] = {
    "overview": lambda _store, _transfer: "/",
    "stock": lambda _store, _transfer: "/stock/",
    "stock, nothing found": lambda _store, _transfer: "/stock/?q=unheard-of",
    "product": lambda store, _transfer: f"/stock/{store.milk.pk}/",
    "held product": lambda store, _transfer: f"/stock/{store.pills.pk}/",
    "statement": lambda store, _transfer: f"/stock/{store.milk.pk}/statement/",
    "hold": lambda store, _transfer: f"/stock/lots/{store.first_milk}/hold/",
    "correct": lambda store, _transfer: f"/stock/lots/{store.first_milk}/amend/",
    "release": lambda store, _transfer: f"/stock/lots/{store.held_pills}/release/",
    "receive": lambda store, _transfer: f"/receive/?variation={store.milk.pk}",
    "sell": lambda store, _transfer: f"/sell/?variation={store.milk.pk}",
    "adjust": lambda store, _transfer: f"/adjust/?variation={store.milk.pk}&batch={store.first_milk}",
    "transfers": lambda _store, _transfer: "/transfers/",
    "send": lambda store, _transfer: f"/transfers/new/?variation={store.milk.pk}",
    "transfer": lambda _store, transfer: f"/transfers/{transfer}/",
    "stock takes": lambda _store, _transfer: "/stock-takes/",
    "new count": lambda _store, _transfer: "/stock-takes/new/",
    "products": lambda _store, _transfer: "/products/",
    "product to edit": lambda store, _transfer: f"/products/{store.milk.product_id}/",
    "new product": lambda _store, _transfer: "/products/new/",
    "variation": lambda store, _transfer: f"/products/variations/{store.milk.pk}/",
    "integrity": lambda _store, _transfer: "/integrity/",
    "outlets": lambda _store, _transfer: "/outlets/",
    "outlet": lambda store, _transfer: f"/outlets/{store.shop.outlet.pk}/",
    "people": lambda _store, _transfer: "/people/",
    "person": lambda store, _transfer: f"/people/{store.owner.user_id}/",
    "new person": lambda _store, _transfer: "/people/new/",
    "tokens": lambda _store, _transfer: "/tokens/",
    "two-factor login": lambda _store, _transfer: "/accounts/2fa/",
    "password": lambda _store, _transfer: "/accounts/password/change/",
}


def complaints(page: Any) -> list[str]:
    """What axe finds wrong: the rule, and where."""
    found = page.evaluate("rules => axe.run(document, rules).then(result => result.violations)", RULES)
    return [f"{each['id']}: {node['target']} {node['html'][:120]}" for each in found for node in each["nodes"]]


#: For those who are not logged in, and what nobody wants to see: the address and its status.
ENTRANCES = {"/accounts/login/": 200, "/accounts/password/reset/": 200, "/nowhere/": 404, "/accounts/signup/": 200}


def test_the_pages_before_a_login_and_of_refusals_are_accessible(log_in: LogIn) -> None:
    screen = log_in()
    wrong: list[str] = []
    for path, status in ENTRANCES.items():
        answer = screen.page.goto(screen.address + path)
        assert answer is not None
        assert answer.status == status, path
        screen.page.evaluate(AXE.read_text())
        for viewport, scheme in ((WIDE, "light"), (PHONE, "dark")):
            screen.page.set_viewport_size(viewport)
            screen.page.emulate_media(color_scheme=scheme)
            wrong += [f"{path}, {scheme}: {each}" for each in complaints(screen.page)]
    assert wrong == []


def test_a_page_that_nobody_can_read_is_found(log_in: LogIn) -> None:
    screen = log_in()
    screen.open("/accounts/login/")
    screen.page.evaluate(AXE.read_text())
    screen.page.evaluate("document.querySelector('h1').style.color = '#eeeeee'")
    assert [each.partition(":")[0] for each in complaints(screen.page)] == ["color-contrast"]


def wrong_with(screen: Screen, name: str) -> list[str]:
    """What is wrong with the page that is shown, on a desk and on a phone, light and dark."""
    wrong: list[str] = []
    screen.page.evaluate(AXE.read_text())
    for viewport in (WIDE, PHONE):
        screen.page.set_viewport_size(viewport)
        too_wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        if screen.page.evaluate(too_wide) > 0:
            wrong.append(f"{name} at {viewport['width']}: wider than its window")
        for scheme in ("light", "dark"):
            screen.page.emulate_media(color_scheme=scheme)
            wrong += [f"{name} at {viewport['width']}, {scheme}: {each}" for each in complaints(screen.page)]
    return wrong


@pytest.mark.timeout(180)
def test_every_page_is_accessible_and_fits_its_window(store: Store, log_in: LogIn) -> None:
    sent = transfer_stock(
        actor=store.owner,
        source_id=store.shop.outlet.pk,
        destination_id=store.other_outlet.pk,
        lines=[IssueLine(store.milk.pk, 3)],
    )
    screen = log_in(store.owner)
    wrong: list[str] = []
    for name, path in PAGES.items():
        screen.open(path(store, sent.pk))
        wrong += wrong_with(screen, name)
    assert wrong == []


def test_every_page_of_a_count_is_accessible_and_fits_its_window(store: Store, log_in: LogIn) -> None:
    change_business(actor=store.owner, changes=BusinessChanges(count_tolerance_units=Decimal(1)))
    take = open_stock_take(actor=store.owner, outlet_id=store.shop.outlet.pk, scope=Scope())
    seen = [Observation(store.first_milk, Decimal(4), reason="Broken"), Observation(store.held_pills, Decimal(7))]
    record_counts(actor=store.owner, stock_take_id=take.pk, observations=seen)
    with transaction.atomic():
        line = take.items.order_by("id")[0]
    screen = log_in(store.owner)
    wrong: list[str] = []
    for path in ("", "?only=unapproved", "reconcile/", f"swap/?short={line.pk}&over={line.pk}&quantity=1", "complete/"):
        screen.open(f"/stock-takes/{take.pk}/{path}")
        wrong += wrong_with(screen, path)
    request_recount(actor=store.owner, stock_take_id=take.pk, item_ids=[line.pk])
    screen.open(f"/stock-takes/{take.pk}/count/")
    wrong += wrong_with(screen, "count")
    # Something was chosen, and something waits with a reason.
    screen.context.set_offline(offline=True)
    screen.page.locator("[data-to-count] a").first.click()
    screen.page.get_by_label("How many are there?").fill("1.5")
    screen.page.get_by_role("button", name="Save the count").click()
    screen.context.set_offline(offline=False)
    expect(screen.page.locator("[data-refusal]")).to_be_visible()
    scan_shelf(screen, "4006381333931")
    wrong += wrong_with(screen, "count, what is found")
    screen.page.locator("#found a").last.click()
    wrong += wrong_with(screen, "count, another lot")
    forgive_the_network(screen)
    assert wrong == []
