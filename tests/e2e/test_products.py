"""Products in a browser: found, made, with and without a picture."""

from __future__ import annotations

import io

from django.db import transaction
from PIL import Image
from playwright.sync_api import expect
from tests.e2e.conftest import LogIn, Store

from lotkeeper.catalog.models import Barcode, ItemVariation, Product


def picture(kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "seagreen").save(file, kind)
    return file.getvalue()


def test_an_unknown_code_becomes_a_product(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open("/stock/?q=7611234567893")
    screen.page.get_by_role("link", name="Make a product with it").click()
    screen.page.get_by_label("Name").fill("Oat drink")
    screen.page.get_by_label("SKU").fill("MILK-1")
    screen.page.get_by_label("Retail price").fill("2.40")
    screen.page.get_by_role("button", name="Make the product").click()
    # Refused beside its field, by name.
    expect(screen.page.locator("#id_sku_error")).to_contain_text("MILK-1")
    with transaction.atomic():
        assert not Product.objects.filter(name="Oat drink").exists()
    screen.page.get_by_label("SKU").fill("OAT-1")
    screen.page.get_by_role("button", name="Make the product").click()
    expect(screen.page.locator("h1")).to_have_text("Oat drink")
    with transaction.atomic():
        made = ItemVariation.objects.get(sku="OAT-1")
        assert list(Barcode.objects.filter(variation=made).values_list("code", flat=True)) == ["7611234567893"]
    # Scanned in the list, the code leads straight to it.
    screen.open("/")
    screen.page.keyboard.press("/")
    screen.page.keyboard.type("7611234567893")
    screen.page.keyboard.press("Enter")
    expect(screen.page).to_have_url(f"{screen.address}/stock/{made.pk}/")


def test_a_picture_is_added_replaced_and_removed(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    path = f"/products/{store.soap.product_id}/"
    screen.open(path)
    expect(screen.page.locator("img.thumb")).to_have_count(0)
    screen.page.get_by_label("Picture", exact=True).set_input_files(
        {"name": "soap.png", "mimeType": "image/png", "buffer": b"not a picture"}
    )
    screen.page.get_by_role("button", name="Add the picture").click()
    expect(screen.page.locator("#id_image_error")).to_be_visible()
    for button in ("Add the picture", "Replace the picture"):
        screen.page.get_by_label("Picture", exact=True).set_input_files(
            {"name": "soap.png", "mimeType": "image/png", "buffer": picture()}
        )
        screen.page.get_by_role("button", name=button).click()
        expect(screen.page.locator("img.thumb.large")).to_have_js_property("naturalWidth", 40)
    screen.page.get_by_role("button", name="Remove the picture").click()
    expect(screen.page.locator("img.thumb")).to_have_count(0)


def test_a_variation_gets_another_barcode_and_loses_it(store: Store, log_in: LogIn) -> None:
    screen = log_in(store.owner)
    screen.open(f"/products/variations/{store.soap.pk}/")
    screen.page.get_by_label("Barcode", exact=True).fill("4006381333931")
    screen.page.get_by_role("button", name="Add the code").click()
    expect(screen.page.locator("#id_code_error")).to_contain_text("Whole milk")
    screen.page.get_by_label("Barcode", exact=True).fill("SOAP-BAR")
    screen.page.get_by_role("button", name="Add the code").click()
    screen.page.get_by_role("button", name="Take off SOAP-BAR").click()
    expect(screen.page.locator(".messages")).to_contain_text("The code is taken off.")
    with transaction.atomic():
        assert not Barcode.objects.filter(code="SOAP-BAR").exists()


def test_the_list_is_searched_while_typing_and_has_no_end(store: Store, log_in: LogIn) -> None:
    for number in range(40):
        store.shop.receive(store.shop.variation(), 1, f"L-{number}")
    screen = log_in(store.owner)
    screen.open("/stock/")
    rows = screen.page.locator("#stock-rows tr:has(th)")
    expect(rows).to_have_count(30)
    screen.page.mouse.wheel(0, 9000)
    expect(rows).to_have_count(43)
    screen.page.locator("#stock-search").press_sequentially("pills")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Headache pills")
    assert screen.page.url.endswith("q=pills&outlet=&show=")
    screen.page.locator("#stock-search").fill("")
    screen.page.get_by_label("Show", exact=True).select_option("expiring")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Expired 3 d ago")
