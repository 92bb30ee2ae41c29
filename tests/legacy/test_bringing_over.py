"""``lotkeeper doctor --migrate``: the old stock becomes opening movements, exactly, and once."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import transaction
from tests.conftest import Colleague
from tests.legacy.conftest import Doctor
from tests.legacy.old_shop import HIGH_STREET, OldShop, healthy_shop, sick_shop

from lotkeeper.accounts.models import Tenant, User
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Role
from lotkeeper.catalog.models import Barcode, ItemVariation, Product
from lotkeeper.catalog.operations import NewVariation, ProductFields, VariationFields, create_product
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.checks import run_checks
from lotkeeper.stock.models import Batch, Operation, StockMovement

Migrate = Callable[..., tuple[str, int]]


@pytest.fixture
def migrate(doctor: Doctor, business: NewTenant, tmp_path: Path) -> Migrate:
    """Brings the pharmacy of an old shop over into the test's business."""

    def run(old: OldShop, **options: object) -> tuple[str, int]:
        file = tmp_path / "old.sqlite3"
        file.unlink(missing_ok=True)
        asked = {"old_tenant": "Old Pharmacy", "tenant": str(business.tenant.pk), "yes": True, **options}
        return doctor(old.as_sqlite(file), migrate=True, **asked)

    return run


def batches(business: NewTenant) -> dict[tuple[str, str, str], list[Decimal]]:
    """What every batch holds, by product, outlet and number."""
    found: dict[tuple[str, str, str], list[Decimal]] = {}
    with tenant_scope(business.tenant.pk), transaction.atomic():
        rows = Batch.objects.order_by("id").values_list(
            "variation__product__name", "outlet__name", "batch_number", "quantity"
        )
        for product, outlet, number, quantity in rows:
            found.setdefault((product, outlet, number), []).append(quantity)
    return found


def counts(business: NewTenant) -> dict[str, int]:
    models = (Outlet, Product, ItemVariation, Barcode, Operation, StockMovement, Batch)
    with tenant_scope(business.tenant.pk), transaction.atomic():
        return {model.__name__: model.objects.count() for model in models}


def total(business: NewTenant) -> Decimal:
    return sum((quantity for each in batches(business).values() for quantity in each), Decimal(0))


def test_without_yes_it_is_only_shown(migrate: Migrate, business: NewTenant) -> None:
    old, _ = sick_shop()
    before = counts(business)
    said, status = migrate(old, yes=False)
    assert said == (
        "To bring over of Old Pharmacy: 2 outlets, 17 products with 17 variations, 15 batches.\n"
        "By batches there are 138 units; 135 come over.\n"
        "  Left out, -3 units: batch 6 D-1 Drops High street holds less than nothing.\n"
        "  Left out, 6 units: batch 10 H-1 (variation 999) High street has no product or outlet of its own business.\n"
        "Nothing was written. Run it again with --yes to write it.\n"
    )
    assert status == 0
    assert counts(business) == before


def test_the_batches_come_over_as_they_stand(migrate: Migrate, business: NewTenant) -> None:
    old, _ = sick_shop()
    said, status = migrate(old)
    assert said.endswith(
        "Brought into Corner Pharmacy: 17 variations and 15 batches; 0 batches were there before."
        " The ledger holds 135 units of opening stock.\n"
    )
    assert status == 0
    assert batches(business) == {
        ("Paracetamol", "High street", "A-1"): [20],
        ("Paracetamol", "High street", "A-2"): [20],
        ("Gauze", "Station", "G-1"): [5],
        ("Syrup", "High street", "S-1"): [10],
        ("Ointment", "High street", "O-1"): [4],
        ("Plaster", "High street", "P-1"): [7],
        ("Mask", "High street", "M-1"): [9],
        ("Thermometer", "High street", "T-1"): [12],
        ("Vitamin", "High street", "V-1"): [7],
        ("Bar of soap", "High street", "B-1"): [15],
        ("Tea", "High street", "TE-1"): [4],
        ("Honey", "High street", "HO-1"): [5],
        ("Bandage", "High street", "BA-1"): [5],
        ("Bandage", "High street", "BA-2"): [4],
        ("Razor", "High street", "R-1"): [8],
    }
    assert [result.name for result in run_checks(business.tenant.pk) if not result.ok] == []


def test_the_products_stock_comes_over_if_that_is_trusted(migrate: Migrate, business: NewTenant) -> None:
    old, _ = sick_shop()
    old.row("products_product", 1)["stock"] = 25
    said, _ = migrate(old, trust="product-stock", old_outlet="High street")
    assert "By product-stock there are 119 units; 122 come over.\n" in said
    assert "  Left out, -3 units: product 5 Drops is less than nothing.\n" in said
    found = batches(business)
    # 15 of 40 must have been sold, and the first to expire is sold first.
    assert found["Paracetamol", "High street", "A-1"] == [5]
    assert found["Paracetamol", "High street", "A-2"] == [20]
    # Of 12, the batch knows 10.
    assert found["Syrup", "High street", "S-1"] == [10]
    assert found["Syrup", "High street", "OPENING"] == [2]
    assert total(business) == 122
    assert [result.name for result in run_checks(business.tenant.pk) if not result.ok] == []


def test_stock_without_any_batch_needs_an_outlet(migrate: Migrate, business: NewTenant) -> None:
    old = healthy_shop()
    old.product("Ghost", 6)
    said, _ = migrate(old, trust="product-stock")
    assert "  Left out, 6 units: product 4 Ghost lies at an outlet that nobody named (--old-outlet).\n" in said
    assert total(business) == 45
    migrate(old, trust="product-stock", old_outlet=str(HIGH_STREET))
    assert batches(business)["Ghost", "High street", "OPENING"] == [6]
    assert total(business) == 51


def test_more_batches_than_are_received_in_one_call(migrate: Migrate, business: NewTenant) -> None:
    old = healthy_shop()
    bandage = old.product("Bandage", 1100)
    for number in range(1100):
        old.batch(bandage, f"BA-{number}", 1)
    said, _ = migrate(old)
    assert said.endswith(
        "3 variations and 1103 batches; 0 batches were there before. The ledger holds 1145 units of opening stock.\n"
    )
    assert total(business) == 1145


def test_what_was_wrong_is_noted_on_the_operation(migrate: Migrate, business: NewTenant) -> None:
    old, _ = sick_shop()
    migrate(old)
    with tenant_scope(business.tenant.pk), transaction.atomic():
        told = {
            reference: (reason, note)
            for reference, reason, note in Operation.objects.values_list("reference_id", "reason", "note")
        }
    assert told["legacy/1/batch/1"] == ("Opening stock from the old system", "Batch in the old system: 1.")
    assert told["legacy/1/batch/5"][1] == (
        "Batch in the old system: 5.\n"
        "The product's stock is not the sum of its batches: product 4, name Syrup, stock of the product 12,"
        " sum of batches 10, difference 2."
    )
    assert told["legacy/1/batch/8"][1] == (
        "Batch in the old system: 8, 9.\n"
        "The same batch more than once: batch 8, number P-1, product Plaster, outlet High street, quantity 3,"
        " expiry 2098-01-31. And 1 more."
    )


def test_the_catalogue_comes_with_it(migrate: Migrate, business: NewTenant) -> None:
    migrate(healthy_shop())
    with tenant_scope(business.tenant.pk), transaction.atomic():
        variation = ItemVariation.objects.select_related("product__category").get(sku="PARA")
        assert (variation.product.name, variation.size, variation.colour) == ("Paracetamol", "20", "white")
        assert variation.product.category is not None
        assert (variation.product.category.name, variation.product.retail_price) == ("Medicines", Decimal("2.50"))
        assert list(Barcode.objects.values_list("code", "variation__sku")) == [("4006381333931", "PARA")]
        assert list(Outlet.objects.order_by("name").values_list("name", "timezone")) == [
            ("High street", "Europe/Berlin"),
            ("Station", "Europe/Berlin"),
        ]
        batch = Batch.objects.get(batch_number="A-1")
        assert (batch.unit_cost, str(batch.expiry_date)) == (Decimal("1.20"), "2098-01-31")
        assert batch.received_at.isoformat() == "2025-01-01T08:00:00+00:00"


def test_skus_that_are_empty_or_taken_are_made_of_the_number(migrate: Migrate, business: NewTenant) -> None:
    old = healthy_shop()
    old.row("products_itemvariation", 2)["sku"] = "PARA"
    bare = old.add("products_product", tenant_id=1, name="Without variation", stock=0)
    old.row("products_itemvariation", old.product("Nameless", 0)).update(sku="", barcode="4006381333931")
    migrate(old)
    with tenant_scope(business.tenant.pk), transaction.atomic():
        assert sorted(ItemVariation.objects.values_list("sku", "product__name")) == [
            ("OLD-2", "Gauze"),
            ("OLD-5", "Nameless"),
            (f"OLD-P{bare}", "Without variation"),
            ("PARA", "Paracetamol"),
        ]
        assert list(Barcode.objects.values_list("variation__sku", flat=True)) == ["PARA"]


def test_twice_changes_nothing(migrate: Migrate, business: NewTenant) -> None:
    old, _ = sick_shop()
    migrate(old)
    before = counts(business), batches(business)
    said, status = migrate(old)
    assert said.endswith(
        "Brought into Corner Pharmacy: 0 variations and 0 batches; 15 batches were there before."
        " The ledger holds 135 units of opening stock.\n"
    )
    assert status == 0
    assert (counts(business), batches(business)) == before


@pytest.mark.parametrize("quantity", [21, 0])
def test_other_figures_than_before_are_refused_whole(migrate: Migrate, business: NewTenant, quantity: int) -> None:
    old = healthy_shop()
    migrate(old)
    before = counts(business), batches(business)
    old.row("inventory_batch", 2)["quantity"] = quantity
    old.batch(old.product("New", 3), "N-1", 3)
    said, status = migrate(old)
    assert said.endswith(
        "The stock was brought over before with other figures: they differ at 1 of its batches, first at"
        " legacy/1/batch/2. Nothing was written. What differs is put right by a count or an adjustment.\n"
    )
    assert status == 2
    assert (counts(business), batches(business)) == before


def test_parts_of_a_unit_need_a_variation_that_is_counted_so(migrate: Migrate, business: NewTenant) -> None:
    old = healthy_shop()
    for batch, quantity in ((1, 20.125), (2, 0.1)):
        old.row("inventory_batch", batch)["quantity"] = quantity
    before = counts(business)
    said, status = migrate(old)
    assert said.endswith(
        "PARA is counted with 0 decimals here, and the old stock says 20.125."
        " Make it under this SKU first, with the unit it is counted in.\n"
    )
    assert status == 2
    assert counts(business) == before
    details = VariationFields(sku="PARA", unit="kg", quantity_decimals=3)
    with tenant_scope(business.tenant.pk), transaction.atomic():
        create_product(
            actor=business.actor,
            details=ProductFields(name="Paracetamol in bulk"),
            variations=[NewVariation(details=details)],
        )
    migrate(old)
    assert batches(business)["Paracetamol in bulk", "High street", "A-1"] == [Decimal("20.125")]
    assert batches(business)["Paracetamol in bulk", "High street", "A-2"] == [Decimal("0.1")]
    assert total(business) == Decimal("25.225")


def test_a_business_of_several_has_to_be_named(migrate: Migrate, business: NewTenant) -> None:
    before = counts(business)
    assert migrate(healthy_shop(), old_tenant=None) == (
        "Say which business of the old system with --old-tenant. There are: 1 Old Pharmacy, 2 Old Bakery.\n",
        2,
    )
    assert counts(business) == before


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"tenant": "Nowhere"}, "There is no business Nowhere.\n"),
        ({"email": "nobody@shop.example"}, "Nobody of Corner Pharmacy logs in with nobody@shop.example.\n"),
        (
            {"old_outlet": "Oven"},
            "Say which outlet of the old system with --old-outlet. There are: 1 High street, 2 Station.\n",
        ),
    ],
)
def test_what_is_not_there_is_refused(migrate: Migrate, business: NewTenant, asked: dict[str, str], why: str) -> None:
    before = counts(business)
    said, status = migrate(healthy_shop(), **asked)
    assert said.endswith(why)
    assert status == 2
    assert counts(business) == before


def test_a_clerk_brings_nothing_over(migrate: Migrate, business: NewTenant, colleague: Colleague) -> None:
    clerk = colleague(business, Role.CLERK)
    with tenant_scope(business.tenant.pk), transaction.atomic():
        email = User.objects.values_list("email", flat=True).get(pk=clerk.user_id)
    before = counts(business)
    said, status = migrate(healthy_shop(), email=email)
    assert said.endswith("Your role does not allow this here (manage_outlets).\n")
    assert status == 2
    assert counts(business) == before


def test_a_new_business_is_opened_once(migrate: Migrate) -> None:
    name = f"Moved {uuid4().hex}"
    said, status = migrate(healthy_shop(), new_tenant=name)
    assert said.endswith(f"There is no business {name} yet; to open it say --currency, --timezone and --email.\n")
    assert status == 2
    assert not Tenant.objects.filter(name=name).exists()
    owner = f"{uuid4().hex}@shop.example"
    asked = {"new_tenant": name, "currency": "KES", "timezone": "Africa/Nairobi", "email": owner}
    for _ in range(2):
        said, status = migrate(healthy_shop(), **asked)
        assert status == 0
    assert said.endswith(
        "0 variations and 0 batches; 3 batches were there before. The ledger holds 45 units of opening stock.\n"
    )
    opened = Tenant.objects.get(name=name)
    assert [result.name for result in run_checks(opened.pk) if not result.ok] == []
    assert (opened.currency, opened.timezone) == ("KES", "Africa/Nairobi")


def test_a_business_whose_stock_cannot_be_brought_is_not_opened(migrate: Migrate) -> None:
    name = f"Moved {uuid4().hex}"
    old = healthy_shop()
    old.row("inventory_batch", 1)["quantity"] = 1.5
    said, status = migrate(
        old, new_tenant=name, tenant=None, currency="KES", timezone="Africa/Nairobi", email="o@shop.example"
    )
    assert said.endswith("Make it under this SKU first, with the unit it is counted in.\n")
    assert status == 2
    assert not Tenant.objects.filter(name=name).exists()
    assert not User.objects.filter(email="o@shop.example").exists()
