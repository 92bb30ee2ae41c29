"""Categories, products, variations, packs and barcodes: what each operation does and refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection
from tests.core.single_tenant import cross_tenant

from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.catalog import operations as catalog
from lotkeeper.catalog.errors import (
    BarcodeTaken,
    CategoryCycle,
    CategoryNameTaken,
    CategoryTooDeep,
    PackNameTaken,
    SkuTaken,
    StillInUse,
    TooMany,
    UnitInUse,
)
from lotkeeper.catalog.models import Barcode, Category, ItemVariation, Pack, Product, Unit
from lotkeeper.catalog.operations import NewVariation, ProductFields, VariationFields
from lotkeeper.catalog.operations._saving import save_row
from lotkeeper.catalog.operations.barcodes import MAX_BARCODES_PER_VARIATION
from lotkeeper.catalog.operations.packs import MAX_PACKS_PER_VARIATION
from lotkeeper.core.errors import InvalidRequest, NotFound, PermissionRefused
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet

from .conftest import Shop

NOWHERE = 2**62


def new_variation(shop: Shop, sku: str = "PARA-500", **details: Any) -> ItemVariation:
    product = catalog.create_product(actor=shop.actor, details=ProductFields(name="Paracetamol"))
    return catalog.create_variation(
        actor=shop.actor, product_id=product.pk, details=VariationFields(sku=sku, **details)
    )


def counts(shop: Shop) -> tuple[int, ...]:
    with shop.inside():
        return tuple(model.objects.count() for model in (Category, Product, ItemVariation, Pack, Barcode))


def put_in_stock(shop: Shop, variation: ItemVariation, superuser: psycopg.Connection) -> None:
    """Leave the mark that a first receipt leaves, as the posting functions' role."""
    with shop.inside():
        outlet = Outlet.objects.create(name="Back room")
    with superuser.transaction():
        superuser.execute("SET LOCAL ROLE lk_poster")
        superuser.execute(f"SET LOCAL app.tenant_id = '{shop.actor.tenant_id}'")
        superuser.execute(
            "INSERT INTO stock_item (tenant_id, outlet_id, variation_id, reserved) VALUES (%s, %s, %s, 0)",
            (shop.actor.tenant_id, outlet.pk, variation.pk),
        )


class TestCategories:
    def test_are_made_renamed_and_moved(self, shop: Shop) -> None:
        top = catalog.create_category(actor=shop.actor, name=" Medicines ")
        inner = catalog.create_category(actor=shop.actor, name="Pain", parent_id=top.pk)
        catalog.update_category(actor=shop.actor, category_id=inner.pk, name="Pain relief")
        moved = catalog.update_category(actor=shop.actor, category_id=inner.pk, parent_id=None)
        assert (top.name, moved.name, moved.parent_id) == ("Medicines", "Pain relief", None)

    def test_a_category_cannot_lie_inside_itself(self, shop: Shop) -> None:
        a = catalog.create_category(actor=shop.actor, name="a")
        b = catalog.create_category(actor=shop.actor, name="b", parent_id=a.pk)
        c = catalog.create_category(actor=shop.actor, name="c", parent_id=b.pk)
        for parent in (a, b, c):
            with pytest.raises(CategoryCycle):
                catalog.update_category(actor=shop.actor, category_id=a.pk, parent_id=parent.pk)
        with shop.inside():
            assert dict(Category.objects.values_list("id", "parent_id")) == {a.pk: None, b.pk: a.pk, c.pk: b.pk}

    def test_two_moves_at_once_make_no_cycle(self, shop: Shop) -> None:
        a = catalog.create_category(actor=shop.actor, name="a")
        b = catalog.create_category(actor=shop.actor, name="b")
        outcomes: list[str] = []
        start = threading.Barrier(2)

        def move(category: Category, parent: Category) -> None:
            start.wait()
            try:
                catalog.update_category(actor=shop.actor, category_id=category.pk, parent_id=parent.pk)
                outcomes.append("moved")
            except CategoryCycle:
                outcomes.append("refused")
            finally:
                connection.close()

        movers = [threading.Thread(target=move, args=pair) for pair in ((a, b), (b, a))]
        for mover in movers:
            mover.start()
        for mover in movers:
            mover.join()
        assert sorted(outcomes) == ["moved", "refused"]

    def test_a_move_waits_for_another_one_and_then_sees_it(
        self, shop: Shop, superuser_connection: psycopg.Connection
    ) -> None:
        a = catalog.create_category(actor=shop.actor, name="a")
        b = catalog.create_category(actor=shop.actor, name="b")
        outcomes: list[str] = []

        def move() -> None:
            try:
                catalog.update_category(actor=shop.actor, category_id=b.pk, parent_id=a.pk)
                outcomes.append("moved")
            except CategoryCycle:
                outcomes.append("refused")
            finally:
                connection.close()

        mover = threading.Thread(target=move)
        with superuser_connection.transaction():
            superuser_connection.execute("UPDATE catalog_category SET parent_id = %s WHERE id = %s", (b.pk, a.pk))
            mover.start()
            mover.join(timeout=0.5)
            assert outcomes == []
        mover.join()
        assert outcomes == ["refused"]

    def test_the_tree_is_eight_levels_deep_at_most_also_when_a_branch_is_moved(self, shop: Shop) -> None:
        parent_id = None
        for level in range(8):
            parent_id = catalog.create_category(actor=shop.actor, name=f"level {level}", parent_id=parent_id).pk
        with pytest.raises(CategoryTooDeep) as refusal:
            catalog.create_category(actor=shop.actor, name="level 8", parent_id=parent_id)
        assert refusal.value.fields == {"limit": 8, "depth": 9}
        branch = catalog.create_category(actor=shop.actor, name="branch")
        catalog.create_category(actor=shop.actor, name="twig", parent_id=branch.pk)
        with shop.inside():
            seventh = Category.objects.get(name="level 6")
        with pytest.raises(CategoryTooDeep):
            catalog.update_category(actor=shop.actor, category_id=branch.pk, parent_id=seventh.pk)

    def test_a_name_is_used_once_in_one_place(self, shop: Shop, other_shop: Shop) -> None:
        top = catalog.create_category(actor=shop.actor, name="Pain")
        catalog.create_category(actor=shop.actor, name="Pain", parent_id=top.pk)
        catalog.create_category(actor=other_shop.actor, name="Pain")
        with pytest.raises(CategoryNameTaken):
            catalog.create_category(actor=shop.actor, name="Pain ")
        assert counts(shop)[0] == 2

    @pytest.mark.parametrize("name", ["", "   ", "x" * 121, "nul\x00", "half \ud800"])
    def test_a_name_that_cannot_be_kept_is_refused(self, shop: Shop, name: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            catalog.create_category(actor=shop.actor, name=name)
        assert list(refusal.value.fields["errors"]) == ["name"]
        assert counts(shop)[0] == 0

    def test_only_an_empty_one_is_deleted(self, shop: Shop) -> None:
        top = catalog.create_category(actor=shop.actor, name="top")
        inner = catalog.create_category(actor=shop.actor, name="inner", parent_id=top.pk)
        product = catalog.create_product(actor=shop.actor, details=ProductFields(name="Tea", category_id=inner.pk))
        for category in (top, inner):
            with pytest.raises(StillInUse):
                catalog.delete_category(actor=shop.actor, category_id=category.pk)
        catalog.update_product(actor=shop.actor, product_id=product.pk, changes=ProductFields(category_id=None))
        catalog.delete_category(actor=shop.actor, category_id=inner.pk)
        assert counts(shop)[0] == 1


class TestProducts:
    def test_is_made_with_defaults_and_changed_in_part(self, shop: Shop) -> None:
        product = catalog.create_product(
            actor=shop.actor, details=ProductFields(name="Tea", retail_price=Decimal("4.50"), usual_shelf_life_days=700)
        )
        changed = catalog.update_product(
            actor=shop.actor, product_id=product.pk, changes=ProductFields(name="Green tea", usual_shelf_life_days=None)
        )
        assert (changed.name, changed.retail_price, changed.usual_shelf_life_days) == (
            "Green tea",
            Decimal("4.5"),
            None,
        )
        assert (changed.is_active, changed.sell_by_margin_days, changed.issue_policy) == (True, 0, None)
        assert changed.updated_at > product.updated_at

    def test_is_made_with_its_variations_or_not_at_all(self, shop: Shop) -> None:
        new_variation(shop, "TAKEN")
        before = counts(shop)
        variations = [
            NewVariation(details=VariationFields(sku="TEA-100"), barcodes=("4006381333931",)),
            NewVariation(details=VariationFields(sku="TAKEN")),
        ]
        with pytest.raises(SkuTaken):
            catalog.create_product(actor=shop.actor, details=ProductFields(name="Tea"), variations=variations)
        assert counts(shop) == before
        catalog.create_product(actor=shop.actor, details=ProductFields(name="Tea"), variations=variations[:1])
        assert counts(shop) == (0, 2, 2, 0, 1)

    @pytest.mark.parametrize(
        ("details", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 201}, "name"),
            ({"description": "nul\x00"}, "description"),
            ({"retail_price": Decimal("-0.01")}, "retail_price"),
            ({"retail_price": Decimal("NaN")}, "retail_price"),
            ({"retail_price": Decimal("1e400")}, "retail_price"),
            ({"retail_price": Decimal("0.00001")}, "retail_price"),
            ({"sell_by_margin_days": -1}, "sell_by_margin_days"),
            ({"sell_by_margin_days": 3651}, "sell_by_margin_days"),
            ({"usual_shelf_life_days": 40_000}, "usual_shelf_life_days"),
            ({"issue_policy": "lifo"}, "issue_policy"),
        ],
    )
    def test_a_detail_that_cannot_be_kept_is_named(self, shop: Shop, details: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            catalog.create_product(actor=shop.actor, details=ProductFields(**{"name": "Tea", **details}))
        assert list(refusal.value.fields["errors"]) == [field]
        assert counts(shop)[1] == 0

    def test_is_archived_and_taken_back(self, shop: Shop) -> None:
        variation = new_variation(shop)
        archived = catalog.update_product(
            actor=shop.actor, product_id=variation.product_id, changes=ProductFields(is_active=False)
        )
        assert not archived.is_active
        assert catalog.update_product(
            actor=shop.actor, product_id=variation.product_id, changes=ProductFields(is_active=True)
        ).is_active

    def test_one_with_variations_is_not_deleted(self, shop: Shop) -> None:
        variation = new_variation(shop)
        with pytest.raises(StillInUse):
            catalog.delete_product(actor=shop.actor, product_id=variation.product_id)
        assert counts(shop) == (0, 1, 1, 0, 0)
        catalog.delete_variation(actor=shop.actor, variation_id=variation.pk)
        catalog.delete_product(actor=shop.actor, product_id=variation.product_id)
        assert counts(shop) == (0, 0, 0, 0, 0)


class TestVariations:
    @pytest.mark.parametrize(
        ("unit", "decimals"),
        [(Unit.PIECE, 0), (Unit.KILOGRAM, 3), (Unit.GRAM, 0), (Unit.LITRE, 3), (Unit.MILLILITRE, 0), (Unit.METRE, 2)],
    )
    def test_a_unit_brings_its_usual_precision(self, shop: Shop, unit: Unit, decimals: int) -> None:
        assert new_variation(shop, unit=unit).quantity_decimals == decimals

    @pytest.mark.parametrize(
        ("details", "field"),
        [
            ({"sku": ""}, "sku"),
            ({"unit": "dozen"}, "unit"),
            ({"quantity_decimals": 1}, "quantity_decimals"),
            ({"unit": Unit.KILOGRAM, "quantity_decimals": 4}, "quantity_decimals"),
            ({"reorder_point": Decimal("1.5")}, "reorder_point"),
            ({"reorder_point": Decimal(-1)}, "reorder_point"),
            ({"retail_price": Decimal(10**10)}, "retail_price"),
        ],
    )
    def test_a_detail_that_cannot_be_kept_is_named(self, shop: Shop, details: dict[str, Any], field: str) -> None:
        with pytest.raises(InvalidRequest) as refusal:
            new_variation(shop, **{"sku": "X", **details})
        assert list(refusal.value.fields["errors"]) == [field]
        assert counts(shop)[2] == 0

    def test_a_sku_has_one_holder_who_is_named(self, shop: Shop, other_shop: Shop) -> None:
        holder = new_variation(shop)
        new_variation(other_shop)
        with pytest.raises(SkuTaken) as refusal:
            new_variation(shop)
        assert refusal.value.fields["variation_id"] == holder.pk
        assert refusal.value.detail == "The SKU PARA-500 belongs to Paracetamol already."
        second = new_variation(shop, "PARA-250")
        with pytest.raises(SkuTaken):
            catalog.update_variation(actor=shop.actor, variation_id=second.pk, changes=VariationFields(sku="PARA-500"))

    def test_the_unit_stays_once_stock_was_booked_in_it(
        self, shop: Shop, superuser_connection: psycopg.Connection
    ) -> None:
        variation = new_variation(shop, unit=Unit.KILOGRAM, quantity_decimals=2)
        catalog.update_variation(
            actor=shop.actor, variation_id=variation.pk, changes=VariationFields(quantity_decimals=1)
        )
        put_in_stock(shop, variation, superuser_connection)
        for changes in (VariationFields(quantity_decimals=0), VariationFields(unit=Unit.GRAM)):
            with pytest.raises(UnitInUse):
                catalog.update_variation(actor=shop.actor, variation_id=variation.pk, changes=changes)
        finer = catalog.update_variation(
            actor=shop.actor, variation_id=variation.pk, changes=VariationFields(quantity_decimals=3)
        )
        assert (finer.unit, finer.quantity_decimals) == (Unit.KILOGRAM, 3)

    def test_one_that_was_in_stock_is_not_deleted(self, shop: Shop, superuser_connection: psycopg.Connection) -> None:
        variation = new_variation(shop)
        put_in_stock(shop, variation, superuser_connection)
        with pytest.raises(StillInUse) as refusal:
            catalog.delete_variation(actor=shop.actor, variation_id=variation.pk)
        assert refusal.value.fields == {"what": "variation", "id": variation.pk}
        assert counts(shop)[2] == 1


class TestPacksAndBarcodes:
    def test_a_barcode_is_on_the_unit_or_on_a_pack(self, shop: Shop) -> None:
        variation = new_variation(shop)
        box = catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name="Box of 9", factor=9)
        single = catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code="96385074")
        boxed = catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code="4006381333931", pack_id=box.pk)
        assert (single.pack_id, single.lookup_code) == (None, "00000096385074")
        assert (boxed.pack_id, boxed.lookup_code) == (box.pk, "04006381333931")

    def test_a_new_barcode_or_pack_counts_as_a_change_of_the_variation(self, shop: Shop) -> None:
        variation = new_variation(shop)
        moments = [variation.updated_at]

        def changed() -> bool:
            with shop.inside():
                moments.append(ItemVariation.objects.get(pk=variation.pk).updated_at)
            return moments[-1] > moments[-2]

        pack = catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name="Box", factor=9)
        assert changed()
        barcode = catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code="A")
        assert changed()
        catalog.remove_barcode(actor=shop.actor, barcode_id=barcode.pk)
        assert changed()
        catalog.delete_pack(actor=shop.actor, pack_id=pack.pk)
        assert changed()

    @pytest.mark.parametrize("again", ["036000291452", "0036000291452", "00036000291452", " 036000291452 "])
    def test_a_code_in_any_of_its_lengths_has_one_holder_who_is_named(self, shop: Shop, again: str) -> None:
        holder = new_variation(shop)
        catalog.add_barcode(actor=shop.actor, variation_id=holder.pk, code="036000291452")
        other = new_variation(shop, "OTHER")
        with pytest.raises(BarcodeTaken) as refusal:
            catalog.add_barcode(actor=shop.actor, variation_id=other.pk, code=again)
        assert refusal.value.fields["variation_id"] == holder.pk
        assert refusal.value.detail == f"The barcode {again.strip()} belongs to Paracetamol (PARA-500) already."
        assert counts(shop)[4] == 1

    def test_another_business_may_have_the_same_code(self, shop: Shop, other_shop: Shop) -> None:
        for each in (shop, other_shop):
            catalog.add_barcode(actor=each.actor, variation_id=new_variation(each).pk, code="96385074")
            assert counts(each)[4] == 1

    def test_two_who_add_one_code_at_once_get_one_holder(self, shop: Shop) -> None:
        variations = [new_variation(shop, sku) for sku in ("A", "B", "C", "D")]
        outcomes: list[str] = []
        start = threading.Barrier(len(variations))

        def add(variation: ItemVariation) -> None:
            start.wait()
            try:
                catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code="96385074")
                outcomes.append("added")
            except BarcodeTaken:
                outcomes.append("refused")
            finally:
                connection.close()

        threads = [threading.Thread(target=add, args=(variation,)) for variation in variations]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["added", "refused", "refused", "refused"]
        assert counts(shop)[4] == 1

    def test_a_removed_code_can_be_given_to_something_else(self, shop: Shop) -> None:
        first, second = new_variation(shop, "A"), new_variation(shop, "B")
        barcode = catalog.add_barcode(actor=shop.actor, variation_id=first.pk, code="96385074")
        catalog.remove_barcode(actor=shop.actor, barcode_id=barcode.pk)
        assert catalog.add_barcode(actor=shop.actor, variation_id=second.pk, code="96385074").variation_id == second.pk

    @pytest.mark.parametrize("code", ["", " ", "x" * 65, "nul\x00"])
    def test_a_code_that_cannot_be_kept_is_refused(self, shop: Shop, code: str) -> None:
        variation = new_variation(shop)
        with pytest.raises(InvalidRequest):
            catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code=code)
        assert counts(shop)[4] == 0

    @pytest.mark.parametrize("factor", [0, 1, -9, 2**31])
    def test_a_pack_holds_at_least_two_and_no_more_than_can_be_kept(self, shop: Shop, factor: int) -> None:
        variation = new_variation(shop)
        with pytest.raises(InvalidRequest):
            catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name="Box", factor=factor)
        assert counts(shop)[3] == 0

    def test_a_pack_with_a_barcode_stays_and_its_name_is_taken(self, shop: Shop) -> None:
        variation = new_variation(shop)
        box = catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name="Box", factor=9)
        barcode = catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code="96385074", pack_id=box.pk)
        with pytest.raises(StillInUse):
            catalog.delete_pack(actor=shop.actor, pack_id=box.pk)
        with pytest.raises(PackNameTaken):
            catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name="Box", factor=10)
        catalog.remove_barcode(actor=shop.actor, barcode_id=barcode.pk)
        catalog.delete_pack(actor=shop.actor, pack_id=box.pk)
        assert counts(shop)[3:] == (0, 0)

    def test_a_pack_of_another_variation_is_not_found(self, shop: Shop) -> None:
        first, second = new_variation(shop, "A"), new_variation(shop, "B")
        box = catalog.create_pack(actor=shop.actor, variation_id=first.pk, name="Box", factor=9)
        with pytest.raises(NotFound):
            catalog.add_barcode(actor=shop.actor, variation_id=second.pk, code="96385074", pack_id=box.pk)

    def test_lists_that_are_shown_whole_are_bounded(self, shop: Shop) -> None:
        variation = new_variation(shop)
        for number in range(MAX_BARCODES_PER_VARIATION):
            catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code=f"code {number}")
        for number in range(MAX_PACKS_PER_VARIATION):
            catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name=f"pack {number}", factor=2 + number)
        with pytest.raises(TooMany):
            catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code="one more")
        with pytest.raises(TooMany):
            catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name="one more", factor=2)


@pytest.mark.parametrize(
    "row", [Product(name="x", category_id=NOWHERE), Pack(name="x", factor=2, variation_id=NOWHERE)]
)
def test_what_was_deleted_a_moment_ago_is_not_found(shop: Shop, row: Any) -> None:
    with shop.inside(), pytest.raises(NotFound):
        save_row(row)
    assert counts(shop) == (0, 0, 0, 0, 0)


def every_operation(actor: Actor, identifier: int) -> list[Callable[[], object]]:
    """Each operation of the catalogue, aimed at one id."""
    name, sku = ProductFields(name="x"), VariationFields(sku="x")
    return [
        lambda: catalog.create_category(actor=actor, name="x", parent_id=identifier),
        lambda: catalog.update_category(actor=actor, category_id=identifier, name="x"),
        lambda: catalog.delete_category(actor=actor, category_id=identifier),
        lambda: catalog.create_product(actor=actor, details=ProductFields(name="x", category_id=identifier)),
        lambda: catalog.update_product(actor=actor, product_id=identifier, changes=name),
        lambda: catalog.delete_product(actor=actor, product_id=identifier),
        lambda: catalog.remove_product_image(actor=actor, product_id=identifier),
        lambda: catalog.create_variation(actor=actor, product_id=identifier, details=sku),
        lambda: catalog.update_variation(actor=actor, variation_id=identifier, changes=sku),
        lambda: catalog.delete_variation(actor=actor, variation_id=identifier),
        lambda: catalog.create_pack(actor=actor, variation_id=identifier, name="x", factor=2),
        lambda: catalog.delete_pack(actor=actor, pack_id=identifier),
        lambda: catalog.add_barcode(actor=actor, variation_id=identifier, code="x"),
        lambda: catalog.remove_barcode(actor=actor, barcode_id=identifier),
    ]


@pytest.mark.parametrize("role", [Role.CLERK, Role.COUNTER, Role.AUDITOR])
def test_only_managers_and_owners_change_the_catalogue(shop: Shop, role: Role) -> None:
    for operation in every_operation(shop.acting_as(role), NOWHERE):
        with pytest.raises(PermissionRefused):
            operation()
    assert counts(shop) == (0, 0, 0, 0, 0)


def test_an_unknown_id_is_not_found_by_any_operation(shop: Shop) -> None:
    for operation in every_operation(shop.acting_as(Role.MANAGER), NOWHERE):
        with pytest.raises(NotFound):
            operation()
    assert counts(shop) == (0, 0, 0, 0, 0)


def test_the_rows_of_another_business_are_not_found_by_any_operation(shop: Shop, other_shop: Shop) -> None:
    category = catalog.create_category(actor=shop.actor, name="Pain")
    variation = new_variation(shop)
    pack = catalog.create_pack(actor=shop.actor, variation_id=variation.pk, name="Box", factor=9)
    barcode = catalog.add_barcode(actor=shop.actor, variation_id=variation.pk, code="96385074", pack_id=pack.pk)
    before = counts(shop)
    rows = [category, *[variation.product, variation] * 2, pack, barcode]
    for row in rows:
        for operation in every_operation(other_shop.actor, row.pk):
            with pytest.raises(NotFound):
                operation()
    assert counts(shop) == before
    assert counts(other_shop) == (0, 0, 0, 0, 0)


def test_a_query_that_forgets_the_tenant_sees_nothing_of_another(shop: Shop, other_shop: Shop) -> None:
    new_variation(shop)
    with other_shop.inside(), cross_tenant("what the database does when a statement forgets"):
        assert list(Product.unscoped.values_list("id", flat=True)) == []
        assert ItemVariation.unscoped.update(sku="stolen") == 0
    with tenant_scope(shop.actor.tenant_id), shop.inside():
        assert [variation.sku for variation in ItemVariation.objects.all()] == ["PARA-500"]
