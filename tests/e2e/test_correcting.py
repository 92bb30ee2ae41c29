"""Write-offs, adjustments, held and corrected lots, and the statement that tells of them all."""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction
from playwright.sync_api import expect
from tests.e2e.conftest import LogIn, Store

from lotkeeper.stock.models import Batch


def test_expired_goods_are_written_off_from_the_overview(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/")
    screen.page.get_by_role("link", name="Write off Whole milk, lot M-OLD").click()
    expect(screen.page.get_by_label("What happened")).to_have_value("expiry")
    screen.page.get_by_label("Quantity").fill("4")
    screen.page.get_by_label("Quantity").blur()
    expect(screen.page.locator("#after-0")).to_contain_text("4 on hand, 0 afterwards")
    # Without a reason nothing is posted.
    screen.page.get_by_role("button", name="Post it").click()
    assert store.shop.on_hand(store.milk)["M-OLD"] == Decimal(4)
    screen.page.get_by_label("Reason").fill("Past its date")
    screen.page.get_by_role("button", name="Post it").click()
    expect(screen.page.locator(".posted")).to_contain_text("M-OLD")
    assert store.shop.on_hand(store.milk)["M-OLD"] == Decimal(0)


def test_an_adjustment_has_a_sign_and_more_than_there_is_cannot_be_missing(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open(f"/adjust/?variation={store.milk.pk}&batch={store.first_milk}&kind=adjustment")
    screen.page.get_by_label("Quantity").fill("-9")
    screen.page.get_by_label("Reason").fill("Counted again")
    before = store.shop.ledger(store.milk)
    screen.page.get_by_role("button", name="Post it").click()
    expect(screen.page.locator("#after-0")).to_contain_text("Needed 9, only 6 available.")
    assert store.shop.ledger(store.milk) == before
    screen.page.get_by_label("Quantity").fill("-2")
    screen.page.get_by_role("button", name="Post it").click()
    expect(screen.page.locator(".posted")).to_contain_text("M-1")
    assert store.shop.ledger(store.milk)[-1] == ("M-1", "adjustment", Decimal(-2), Decimal(4))


def test_a_lot_is_held_released_and_corrected_in_dialogs(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    product = f"/stock/{store.pills.pk}/"
    screen.open(product)
    screen.page.get_by_role("link", name="Hold").first.click()
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("A customer complained")
    dialog.get_by_role("button", name="Hold it").click()
    expect(screen.page.locator(".messages")).to_contain_text("The lot is held")
    with transaction.atomic():
        assert set(Batch.objects.filter(variation=store.pills).values_list("status", flat=True)) == {"held"}
    screen.page.get_by_role("link", name="Release").first.click()
    dialog.get_by_label("Reason").fill("It is fine")
    dialog.get_by_role("button", name="Release it").click()
    expect(screen.page.locator(".messages")).to_contain_text("The lot is released")
    screen.page.get_by_role("link", name="Correct").first.click()
    # What is refused stays in the dialog, beside its field.
    dialog.get_by_label("Expiry").fill("31/31")
    dialog.get_by_label("Reason").fill("Misread")
    dialog.get_by_role("button", name="Correct it").click()
    expect(dialog).to_contain_text("Write the day as 2027-03-31 or the month as 03/2027.")
    dialog.get_by_label("Expiry").fill("03/2031")
    dialog.get_by_role("button", name="Correct it").click()
    expect(screen.page.locator(".messages")).to_contain_text("The lot is corrected")
    screen.page.get_by_role("link", name="Correct").first.click()
    screen.page.get_by_role("link", name="Leave it").click()
    expect(dialog).to_have_count(0)


def test_the_statement_tells_why_it_is_so_much(store: Store, log_in: LogIn) -> None:
    store.shop.sell(store.milk, 8, reference="order-5")
    screen = log_in(store.owner)
    screen.open(f"/stock/{store.milk.pk}/")
    screen.page.get_by_role("link", name="Why is it 22?").click()
    expect(screen.page.locator("h1")).to_have_text("Why is it 22?")
    rows = screen.page.locator(".statement tbody tr, .statement tfoot tr")
    cells = [" ".join(row.split()) for row in rows.all_inner_texts()]
    assert [row.split()[-1] for row in cells] == ["0", "4", "10", "30", "24", "22", "22"]
    assert "order-5" in cells[5]
    assert "Olu Owner" in cells[5]
