"""Products: made, changed, archived; deleted only while nothing was ever done with them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import Category, Product
from lotkeeper.catalog.operations._files import delete_on_commit
from lotkeeper.catalog.operations._saving import check_values, delete_unused, save_row
from lotkeeper.catalog.operations.fields import NewVariation, ProductFields, apply_fields
from lotkeeper.catalog.operations.suppliers import require_suppliers
from lotkeeper.catalog.operations.variations import add_variation
from lotkeeper.core.errors import NotFound
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.core.unset import UNSET


def create_product(*, actor: Actor, details: ProductFields, variations: Sequence[NewVariation] = ()) -> Product:
    """Make a product, with its first variations and their barcodes if they are known.

    Raises:
        InvalidRequest: if a detail cannot be kept.
        NotFound: if there is no such category or supplier.
        SkuTaken, BarcodeTaken: if a variation's code belongs to something else; then nothing is made.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        product = Product()
        _change(product, details)
        for variation in variations:
            add_variation(product, variation.details, variation.barcodes)
    return product


def update_product(*, actor: Actor, product_id: int, changes: ProductFields) -> Product:
    """Change a product's details; archive it with ``is_active`` False, and take it back with True.

    An archived product keeps its stock and its history. It is no longer offered where something new is chosen.

    Raises:
        InvalidRequest: if a detail cannot be kept.
        NotFound: if there is no such product, category or supplier.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        product = lock_product(product_id)
        _change(product, changes)
    return product


def delete_product(*, actor: Actor, product_id: int) -> None:
    """Delete a product that has no variations; one that has is archived instead.

    Raises:
        NotFound: if there is no such product.
        StillInUse: if it has variations.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        product = lock_product(product_id)
        image_name = product.image.name
        delete_unused(product, "product")
        delete_on_commit(image_name)


def lock_product(product_id: int) -> Product:
    """The product, which nobody else changes until this transaction ends.

    Raises:
        NotFound: if there is no such product.
    """
    product: Product | None = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound("product", product_id=product_id)
    return product


def _change(product: Product, details: ProductFields) -> None:
    category_id = details.category_id
    if category_id is not UNSET and category_id is not None and not Category.objects.filter(pk=category_id).exists():
        raise NotFound("category", category_id=category_id)
    if details.supplier_id is not UNSET and details.supplier_id is not None:
        require_suppliers([details.supplier_id])
    apply_fields(product, details)
    check_values(product)
    save_row(product)
