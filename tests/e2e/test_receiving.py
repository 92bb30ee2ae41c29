"""Receiving in a browser: a GS1 code fills in lot and expiry, and what looks wrong is asked about."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from playwright.sync_api import expect
from tests.e2e.conftest import LogIn, Store
from tests.e2e.test_selling import scan

from lotkeeper.stock.models import Batch


def test_a_gs1_code_fills_in_lot_and_expiry(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/receive/")
    scan(screen, "(01)09506000134352(17)290400(10)AB12")
    expect(screen.page.get_by_label("Lot number")).to_have_value("AB12")
    # Day 00 is the last of the month.
    expect(screen.page.get_by_label("Expiry")).to_have_value("2029-04-30")
    # As it cost last time.
    expect(screen.page.get_by_label("Unit cost")).to_have_value("1.2")
    screen.page.get_by_label("Quantity").fill("24")
    screen.page.get_by_label("Delivery number").fill("D-77")
    screen.page.get_by_role("button", name="Post the receipt").click()
    expect(screen.page.locator(".posted")).to_contain_text("AB12")
    with transaction.atomic():
        batch = Batch.objects.get(variation=store.pills, batch_number="AB12")
    assert (batch.quantity, batch.expiry_date, batch.unit_cost) == (Decimal(24), dt.date(2029, 4, 30), Decimal("1.2"))


def test_what_looks_wrong_is_asked_about_and_posted_when_confirmed(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open(f"/receive/?variation={store.milk.pk}")
    screen.page.get_by_label("Lot number").fill("M-LATE")
    screen.page.get_by_label("Expiry").fill("tomorrow")
    screen.page.get_by_role("button", name="Post the receipt").click()
    expect(screen.page.locator("#work")).to_contain_text("Write the day as 2027-03-31 or the month as 03/2027.")
    yesterday = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    screen.page.get_by_label("Expiry").fill(yesterday.isoformat())
    screen.page.get_by_role("button", name="Post the receipt").click()
    expect(screen.page.locator("#work")).to_contain_text(f"{yesterday.isoformat()} was 1 days ago.")
    assert "M-LATE" not in store.shop.on_hand(store.milk)
    screen.page.get_by_label("I have looked at the goods: this is right").check()
    screen.page.get_by_role("button", name="Post the receipt").click()
    expect(screen.page.locator(".posted")).to_contain_text("M-LATE")
    assert store.shop.on_hand(store.milk)["M-LATE"] == Decimal(1)
