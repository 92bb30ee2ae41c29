"""Products from a file: new ones are made, known ones brought up to what the file says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lotkeeper.accounts.policies import Actor
from lotkeeper.catalog.models import Barcode, Category, ItemVariation, Product, Supplier, Unit
from lotkeeper.catalog.operations import (
    NewProduct,
    NewVariation,
    ProductFields,
    VariationFields,
    add_barcode,
    create_category,
    create_product,
    create_products,
    create_supplier,
    create_variation,
    update_product,
    update_variation,
)
from lotkeeper.catalog.policies import code_to_keep, lookup_code
from lotkeeper.core.errors import InvalidRequest, Refusal
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.core.unset import UNSET
from lotkeeper.imports.policies.layouts import ProductRow

#: How a file writes a category inside another.
CATEGORY_SEPARATOR = ">"


@dataclass(slots=True)
class ProductTally:
    """What became of the products of a file, and why some were refused, by row."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: ProductTally) -> None:
        """Both together."""
        self.created += other.created
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.refused += other.refused


def import_products(*, actor: Actor, rows: Sequence[tuple[int, ProductRow]]) -> ProductTally:
    """Make or change the products of some rows in one transaction, each whole or refused by itself.

    A column that the file does not have, or a cell that is empty, leaves what is there. A variation is known by its
    SKU; the same file again changes nothing. Rows that name a variation and the same product become one product.

    Raises:
        PermissionRefused: unless the actor manages the catalogue.
    """
    return in_transaction(lambda: _import(actor, rows))


def _import(actor: Actor, rows: Sequence[tuple[int, ProductRow]]) -> ProductTally:
    tally = ProductTally()
    skus = [row.sku for _, row in rows]
    known = {
        variation.sku: variation for variation in ItemVariation.objects.select_related("product").filter(sku__in=skus)
    }
    shelves = _Shelves(actor)
    rest = list(rows)
    simple = [row for _, row in rows if row.sku not in known and row.variation is None]
    try:
        in_transaction(lambda: _create_together(actor, simple, shelves))
    except Refusal:
        # One of them cannot be made. One by one, it is told which.
        shelves.forget()
    else:
        tally.created = len(simple)
        rest = [(number, row) for number, row in rows if row.sku in known or row.variation is not None]
    for number, row in rest:
        variation = known.get(row.sku)
        try:
            # Each row is a part of the transaction that fails or holds by itself.
            if in_transaction(_work(actor, row, variation, shelves)):
                tally.created += variation is None
                tally.changed += variation is not None
            else:
                tally.unchanged += 1
        except Refusal as refusal:
            tally.refused.append((number, refusal.in_full))
            shelves.forget()
    return tally


def _create_together(actor: Actor, rows: Sequence[ProductRow], shelves: _Shelves) -> None:
    create_products(actor=actor, products=[_new_product(row, shelves) for row in rows])


def _new_product(row: ProductRow, shelves: _Shelves) -> NewProduct:
    details, variation = _details(row, shelves)
    barcodes = () if row.barcode is None else (row.barcode,)
    return NewProduct(details=details, variations=(NewVariation(details=variation, barcodes=barcodes),))


def _work(actor: Actor, row: ProductRow, variation: ItemVariation | None, shelves: _Shelves) -> Callable[[], bool]:
    return lambda: _create(actor, row, shelves) if variation is None else _change(actor, row, variation, shelves)


def _create(actor: Actor, row: ProductRow, shelves: _Shelves) -> bool:
    new = _new_product(row, shelves)
    product = None if row.variation is None else Product.objects.filter(name=row.name).order_by("id").first()
    if product is None:
        create_product(actor=actor, details=new.details, variations=new.variations)
    else:
        if _differs(product, new.details):
            update_product(actor=actor, product_id=product.pk, changes=new.details)
        (variation,) = new.variations
        create_variation(actor=actor, product_id=product.pk, details=variation.details, barcodes=variation.barcodes)
    return True


def _change(actor: Actor, row: ProductRow, variation: ItemVariation, shelves: _Shelves) -> bool:
    """Whether anything was different."""
    product, details = _details(row, shelves)
    changed = False
    if _differs(variation.product, product):
        update_product(actor=actor, product_id=variation.product_id, changes=product)
        changed = True
    if _differs(variation, details):
        update_variation(actor=actor, variation_id=variation.pk, changes=details)
        changed = True
    if row.barcode is not None:
        code = lookup_code(code_to_keep(row.barcode))
        if not Barcode.objects.filter(lookup_code=code, variation_id=variation.pk).exists():
            add_barcode(actor=actor, variation_id=variation.pk, code=row.barcode)
            changed = True
    return changed


def _details(row: ProductRow, shelves: _Shelves) -> tuple[ProductFields, VariationFields]:
    unit = UNSET if row.unit is None else row.unit.lower()
    if unit is not UNSET and unit not in Unit.values:
        raise InvalidRequest({"unit": [f"Must be one of {', '.join(Unit.values)}."]})
    product = ProductFields(
        name=row.name,
        category_id=UNSET if row.category is None else shelves.category_id(row.category),
        supplier_id=UNSET if row.supplier is None else shelves.supplier_id(row.supplier),
        retail_price=UNSET if row.price is None else row.price,
        sell_by_margin_days=UNSET if row.margin_days is None else row.margin_days,
        usual_shelf_life_days=UNSET if row.shelf_life_days is None else row.shelf_life_days,
    )
    variation = VariationFields(
        sku=row.sku,
        name=UNSET if row.variation is None else row.variation,
        unit=unit,
        quantity_decimals=UNSET if row.decimals is None else row.decimals,
        reorder_point=UNSET if row.reorder_point is None else row.reorder_point,
    )
    return product, variation


def _differs(row: object, given: ProductFields | VariationFields) -> bool:
    return any(
        (value := getattr(given, name)) is not UNSET and value != getattr(row, name)
        for name in type(given).__dataclass_fields__
    )


class _Shelves:
    """The category tree by its paths, and the suppliers by name; what the file names and is not there is made."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.ids: dict[tuple[int | None, str], int] = {}
        self.suppliers: dict[str, int] = {}
        self.forget()

    def forget(self) -> None:
        """Read both anew: what a refused row had made is gone."""
        self.suppliers = dict(Supplier.objects.values_list("name", "id"))
        self.ids = {
            (parent_id, name): category_id
            for category_id, parent_id, name in Category.objects.values_list("id", "parent_id", "name")
        }

    def supplier_id(self, name: str) -> int:
        """The supplier of this name."""
        if name not in self.suppliers:
            self.suppliers[name] = create_supplier(actor=self.actor, name=name).pk
        return self.suppliers[name]

    def category_id(self, path: str) -> int:
        """The category at the end of a path such as "Medicines > Pain relief"."""
        parent_id: int | None = None
        for part in path.split(CATEGORY_SEPARATOR):
            name = part.strip()
            found = self.ids.get((parent_id, name))
            if found is None:
                found = create_category(actor=self.actor, name=name, parent_id=parent_id).pk
                self.ids[parent_id, name] = found
            parent_id = found
        if parent_id is None:
            raise InvalidRequest({"category": ["Name at least one category."]})
        return parent_id
