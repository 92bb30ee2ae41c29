"""Goods between outlets in a browser: sent, on their way, received with a difference."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from playwright.sync_api import expect
from tests.e2e.conftest import LogIn, Store
from tests.e2e.test_selling import scan

from lotkeeper.stock.models import Batch


def test_what_did_not_arrive_is_told_and_stays_for_all_to_see(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/transfers/")
    screen.page.get_by_role("link", name="Send goods").click()
    screen.page.get_by_label("From").select_option(label="Main street")
    screen.settle()
    scan(screen, "4006381333931")
    screen.page.get_by_label("Quantity").fill("5")
    screen.page.get_by_role("combobox", name="To").select_option(label="Station kiosk")
    screen.page.get_by_role("button", name="Send it").click()
    expect(screen.page.locator(".messages")).to_contain_text("Sent.")
    assert store.shop.on_hand(store.milk)["M-1"] == Decimal(1)
    screen.page.get_by_label("Arrived").fill("4")
    screen.page.get_by_role("button", name="Confirm what arrived").click()
    expect(screen.page.locator("main")).to_contain_text("Less than was sent: say why, as far as you know.")
    assert lots_at(store) == []
    screen.page.get_by_label("Arrived").fill("4")
    screen.page.get_by_label("Why less").fill("One bottle broke")
    screen.page.get_by_role("button", name="Confirm what arrived").click()
    expect(screen.page.locator("main")).to_contain_text("1 missing")
    expect(screen.page.locator("main")).to_contain_text("One bottle broke")
    assert lots_at(store) == [("M-1", Decimal(4))]


def lots_at(store: Store) -> list[tuple[str, Decimal]]:
    with transaction.atomic():
        there = Batch.objects.filter(outlet=store.other_outlet)
        return list(there.values_list("batch_number", "quantity"))
