"""Many products at once, for imports: the same rules as one by one, in a handful of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.errors import BarcodeTaken, SkuTaken, TooMany
from lotkeeper.catalog.models import Barcode, Category, ItemVariation, Product
from lotkeeper.catalog.operations._saving import check_values
from lotkeeper.catalog.operations.fields import NewVariation, ProductFields, apply_fields
from lotkeeper.catalog.operations.suppliers import require_suppliers
from lotkeeper.catalog.operations.variations import MAX_VARIATIONS_PER_PRODUCT, new_variation
from lotkeeper.catalog.policies import code_to_keep, lookup_code
from lotkeeper.core.errors import NotFound, Refusal
from lotkeeper.core.tenancy import tenant_scope

_UNIQUE_VIOLATION = "23505"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    """A product to be made with its variations."""

    details: ProductFields
    variations: tuple[NewVariation, ...]


def create_products(*, actor: Actor, products: Sequence[NewProduct]) -> None:
    """Make many products, each with its variations and their barcodes, in the order given: all of them, or none.

    Raises:
        InvalidRequest: if a detail cannot be kept.
        NotFound: if there is no such category or supplier.
        SkuTaken, BarcodeTaken: if a code belongs to something else, or is there twice.
        TooMany: if a product has more variations than can be shown.
    """
    actor.require(Permission.MANAGE_CATALOG)
    made = [_new_product(actor, new.details) for new in products]
    variations: list[ItemVariation] = []
    barcodes: list[Barcode] = []
    for product, new in zip(made, products, strict=True):
        if len(new.variations) > MAX_VARIATIONS_PER_PRODUCT:
            raise TooMany(limit=MAX_VARIATIONS_PER_PRODUCT, what="variations of one product")
        for told in new.variations:
            variation = new_variation(product, told.details)
            variations.append(variation)
            barcodes += [_new_barcode(variation, code) for code in told.barcodes]
    for row in (*variations, *barcodes):
        row.tenant_id = actor.tenant_id
    try:
        with tenant_scope(actor.tenant_id), transaction.atomic():
            _require_categories(made)
            require_suppliers({product.supplier_id for product in made if product.supplier_id is not None})
            Product.objects.bulk_create(made)
            ItemVariation.objects.bulk_create(variations)
            Barcode.objects.bulk_create(barcodes)
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) != _UNIQUE_VIOLATION:
            raise
        with tenant_scope(actor.tenant_id), transaction.atomic():
            raise _taken(variations, barcodes) from error


def _new_product(actor: Actor, details: ProductFields) -> Product:
    product = Product(tenant_id=actor.tenant_id)
    apply_fields(product, details)
    check_values(product)
    return product


def _new_barcode(variation: ItemVariation, code: str) -> Barcode:
    barcode = Barcode(variation=variation, code=code_to_keep(code))
    check_values(barcode)
    return barcode


def _require_categories(products: Sequence[Product]) -> None:
    wanted = {product.category_id for product in products if product.category_id is not None}
    missing = wanted - set(Category.objects.filter(pk__in=wanted).values_list("id", flat=True))
    if missing:
        raise NotFound("category", category_id=min(missing))


def _taken(variations: Sequence[ItemVariation], barcodes: Sequence[Barcode]) -> Refusal:
    """Which code stood in the way: one of something else, or one that was given twice."""
    skus = [variation.sku for variation in variations]
    holder = ItemVariation.objects.select_related("product").filter(sku__in=skus).order_by("sku").first()
    if holder is not None:
        return SkuTaken(sku=holder.sku, product_name=holder.product.name)
    twice = next((sku for sku in skus if skus.count(sku) > 1), None)
    if twice is not None:
        return SkuTaken(sku=twice, product_name="another new product")
    codes = [lookup_code(barcode.code) for barcode in barcodes]
    bearer = Barcode.objects.select_related("variation__product").filter(lookup_code__in=codes).order_by("code").first()
    if bearer is not None:
        return BarcodeTaken(code=bearer.code, sku=bearer.variation.sku, product_name=bearer.variation.product.name)
    code = next((code for code in codes if codes.count(code) > 1), "?")
    return BarcodeTaken(code=code, sku="?", product_name="another new product")
