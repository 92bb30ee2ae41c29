"""What can be asked of the catalogue."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lotkeeper.catalog import operations as catalog
from lotkeeper.catalog import queries
from lotkeeper.catalog.errors import UnknownCode
from lotkeeper.catalog.models import ItemVariation, Product
from lotkeeper.catalog.operations import NewVariation, ProductFields, VariationFields
from lotkeeper.catalog.policies import parse_scan
from lotkeeper.catalog.queries import ScanMatch, VariationRules

from .conftest import Shop

TODAY = dt.date(2026, 11, 22)
GTIN = "09506000134352"


def stocked(shop: Shop, name: str, *skus: str, barcodes: tuple[str, ...] = ()) -> Product:
    """A product with variations; the barcodes are on the first."""
    variations = [
        NewVariation(details=VariationFields(sku=sku, name=f"size {sku}"), barcodes=() if place else barcodes)
        for place, sku in enumerate(skus)
    ]
    return catalog.create_product(actor=shop.actor, details=ProductFields(name=name), variations=variations)


def variation_of(shop: Shop, sku: str) -> ItemVariation:
    with shop.inside():
        found: ItemVariation = ItemVariation.objects.get(sku=sku)
        return found


def look_up(shop: Shop, code: str) -> ScanMatch:
    with shop.inside():
        return queries.find_by_scan(parse_scan(code, today=TODAY))


class TestScans:
    @pytest.mark.parametrize(
        "code",
        ["9506000134352", GTIN, f"]d201{GTIN}10AB12", f"(01){GTIN}(17)270300(10)AB12", "PARA-500", "]C0PARA-500"],
    )
    def test_each_form_of_a_code_leads_to_its_variation(self, shop: Shop, code: str) -> None:
        stocked(shop, "Paracetamol", "PARA-500", barcodes=("9506000134352",))
        match = look_up(shop, code)
        assert (match.variation.sku, match.pack, match.factor, match.is_active) == ("PARA-500", None, 1, True)

    def test_batch_and_expiry_come_along(self, shop: Shop) -> None:
        stocked(shop, "Paracetamol", "PARA-500", barcodes=(GTIN,))
        scan = look_up(shop, f"01{GTIN}1727030010AB12").scan
        assert (scan.batch_number, scan.expiry_date) == ("AB12", dt.date(2027, 3, 31))

    def test_a_code_on_a_pack_means_the_whole_pack(self, shop: Shop) -> None:
        stocked(shop, "Paracetamol", "PARA-500")
        variation = variation_of(shop, "PARA-500")
        box = catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name="Box", factor=9)
        catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code=GTIN, pack_id=box.pk)
        match = look_up(shop, GTIN)
        assert (match.variation.pk, match.pack, match.factor) == (variation.pk, box, 9)

    def test_a_code_that_is_no_product_number_is_found_exactly(self, shop: Shop) -> None:
        stocked(shop, "Paracetamol", "PARA-500", barcodes=("ab-1",))
        assert look_up(shop, "ab-1").variation.sku == "PARA-500"
        for other in ("AB-1", "ab-", "ab-12", "%", "para-500"):
            with pytest.raises(UnknownCode):
                look_up(shop, other)

    def test_a_barcode_goes_before_a_sku(self, shop: Shop) -> None:
        stocked(shop, "Bread", "96385074")
        stocked(shop, "Milk", "MILK", barcodes=("96385074",))
        assert look_up(shop, "96385074").variation.sku == "MILK"

    @pytest.mark.parametrize("code", ["4006381333931", "]d2010400638133393110AB12"])
    def test_a_product_number_may_be_the_sku(self, shop: Shop, code: str) -> None:
        stocked(shop, "Paracetamol", "4006381333931")
        assert look_up(shop, code).variation.sku == "4006381333931"

    def test_a_box_may_be_scanned_to_tell_its_barcode(self, shop: Shop) -> None:
        stocked(shop, "Paracetamol", "PARA-500", barcodes=(f"]d201{GTIN}10AB12\x1d17270331",))
        assert look_up(shop, GTIN).variation.sku == "PARA-500"
        assert look_up(shop, f"]d201{GTIN}10CD34").variation.sku == "PARA-500"

    def test_an_archived_one_is_found_and_says_so(self, shop: Shop) -> None:
        product = stocked(shop, "Paracetamol", "PARA-500", barcodes=(GTIN,))
        catalog.update_product(actor=shop.actor, product_id=product.pk, changes=ProductFields(is_active=False))
        assert look_up(shop, GTIN).is_active is False

    def test_an_unknown_code_is_refused_with_all_that_could_be_read(self, shop: Shop, other_shop: Shop) -> None:
        stocked(other_shop, "Paracetamol", "PARA-500", barcodes=(GTIN,))
        with pytest.raises(UnknownCode) as refusal:
            look_up(shop, f"(01){GTIN}(17)270300(10)AB12")
        assert refusal.value.status == 404
        assert refusal.value.fields == {
            "what": "code",
            "text": f"(01){GTIN}(17)270300(10)AB12",
            "kind": "gs1",
            "gtin": GTIN,
            "batch_number": "AB12",
            "expiry_date": "2027-03-31",
            "serial": None,
            "doubts": [],
        }

    def test_a_scan_of_a_barcode_is_one_statement(self, shop: Shop) -> None:
        stocked(shop, "Paracetamol", "PARA-500", barcodes=(GTIN,))
        with shop.inside(), CaptureQueriesContext(connection) as statements:
            match = queries.find_by_scan(parse_scan(GTIN, today=TODAY))
            assert (match.variation.product.name, match.factor) == ("Paracetamol", 1)
        assert len(statements) == 1


class TestSearch:
    @pytest.fixture
    def shelf(self, shop: Shop) -> Shop:
        stocked(shop, "Paracetamol tablets", "PARA-250", "PARA-500", barcodes=("4006381333931",))
        stocked(shop, "Ibuprofen tablets", "IBU-400", barcodes=("036000291452",))
        stocked(shop, "100% juice", "JUICE_1")
        return shop

    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("TABLETS", ["Ibuprofen tablets", "Paracetamol tablets"]),
            ("tab para", ["Paracetamol tablets"]),
            ("para-5", ["Paracetamol tablets"]),
            ("400638", ["Paracetamol tablets"]),
            ("0036000291452", ["Ibuprofen tablets"]),
            ("0%", ["100% juice"]),
            ("%", ["100% juice"]),
            ("JUICE_", ["100% juice"]),
            ("PARA_5", []),
            ("RA-500", []),
            ("tablets juice", []),
        ],
    )
    def test_products_are_found_by_words_or_the_start_of_a_code(self, shelf: Shop, text: str, names: list[str]) -> None:
        with shelf.inside():
            found = queries.search_products(queries.products(), text).order_by("name")
            assert [product.name for product in found] == names

    @pytest.mark.parametrize(
        ("text", "skus"),
        [
            ("tablets", ["IBU-400", "PARA-250", "PARA-500"]),
            ("paracetamol 500", ["PARA-500"]),
            ("para-", ["PARA-250", "PARA-500"]),
            ("4006381333931", ["PARA-250"]),
            ("nothing", []),
        ],
    )
    def test_variations_are_found_by_words_of_any_of_their_names(self, shelf: Shop, text: str, skus: list[str]) -> None:
        with shelf.inside():
            found = queries.search_variations(queries.variations(), text).order_by("sku")
            assert [variation.sku for variation in found] == skus


def test_a_category_is_asked_together_with_all_below_it(shop: Shop, other_shop: Shop) -> None:
    top = catalog.create_category(actor=shop.actor, name="top")
    inner = catalog.create_category(actor=shop.actor, name="inner", parent_id=top.pk)
    catalog.create_category(actor=shop.actor, name="beside")
    with shop.inside():
        assert queries.category_and_below(top.pk) == {top.pk, inner.pk}
        assert queries.category_and_below(inner.pk) == {inner.pk}
    with other_shop.inside():
        assert queries.category_and_below(top.pk) == set()


def test_the_rules_of_many_variations_take_one_statement(shop: Shop, other_shop: Shop) -> None:
    details = ProductFields(name="Cheese", sell_by_margin_days=3, usual_shelf_life_days=40, issue_policy="fifo")
    variations = [NewVariation(details=VariationFields(sku=sku, unit="kg")) for sku in ("A", "B")]
    product = catalog.create_product(actor=shop.actor, details=details, variations=variations)
    stocked(other_shop, "Tea", "TEA")
    first, second, foreign = variation_of(shop, "A").pk, variation_of(shop, "B").pk, variation_of(other_shop, "TEA").pk
    catalog.update_variation(actor=shop.actor, variation_id=second, changes=VariationFields(is_active=False))
    with shop.inside(), CaptureQueriesContext(connection) as statements:
        rules = queries.variation_rules([first, second, foreign])
    assert len(statements) == 1
    assert set(rules) == {first, second}
    assert rules[first] == VariationRules(first, product.pk, "A", "Cheese", "kg", 3, 3, 40, "fifo", True)
    assert rules[second].is_active is False
