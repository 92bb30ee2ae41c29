"""Variations: the sizes, colours and strengths that are counted and sold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from django.db import transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.errors import SkuTaken, TooMany, UnitInUse
from lotkeeper.catalog.models import ItemVariation, Product, Unit
from lotkeeper.catalog.operations._saving import check_values, delete_unused, save_row
from lotkeeper.catalog.operations.barcodes import put_barcode
from lotkeeper.catalog.operations.fields import VariationFields, apply_fields
from lotkeeper.catalog.queries import is_used_elsewhere
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.quantity import InvalidNumber, Sign, quantity_from
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.core.unset import UNSET

#: A product is shown with all its variations.
MAX_VARIATIONS_PER_PRODUCT: Final = 200

#: The precision a unit is usually weighed or measured to, unless another is asked for.
USUAL_DECIMALS: Final[Mapping[str, int]] = MappingProxyType(
    {Unit.PIECE: 0, Unit.KILOGRAM: 3, Unit.GRAM: 0, Unit.LITRE: 3, Unit.MILLILITRE: 0, Unit.METRE: 2}
)


def create_variation(
    *, actor: Actor, product_id: int, details: VariationFields, barcodes: Sequence[str] = ()
) -> ItemVariation:
    """Add a variation to a product, with the barcodes of a single unit if they are known.

    Raises:
        InvalidRequest: if a detail cannot be kept.
        NotFound: if there is no such product.
        SkuTaken, BarcodeTaken: if a code belongs to something else.
        TooMany: if the product has as many as can be shown.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
        if product is None:
            raise NotFound("product", product_id=product_id)
        return add_variation(product, details, barcodes)


def update_variation(*, actor: Actor, variation_id: int, changes: VariationFields) -> ItemVariation:
    """Change a variation's details; archive it with ``is_active`` False.

    Raises:
        InvalidRequest: if a detail cannot be kept.
        NotFound: if there is no such variation.
        SkuTaken: if another variation has the SKU.
        UnitInUse: if its unit would change, or its precision shrink, although stock was booked in it.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        # A full lock: a first receipt of it waits, so that the unit is not changed under it.
        variation = _locked_variation(variation_id)
        unit, decimals = variation.unit, variation.quantity_decimals
        apply_fields(variation, changes)
        if changes.quantity_decimals is UNSET and variation.unit != unit:
            variation.quantity_decimals = USUAL_DECIMALS.get(variation.unit, decimals)
        _check(variation)
        loses_meaning = variation.unit != unit or variation.quantity_decimals < decimals
        if loses_meaning and is_used_elsewhere(variation):
            raise UnitInUse(sku=variation.sku, unit=unit, quantity_decimals=decimals)
        _save(variation)
    return variation


def delete_variation(*, actor: Actor, variation_id: int) -> None:
    """Delete a variation that was made by mistake: without barcodes, packs and stock history.

    Raises:
        NotFound: if there is no such variation.
        StillInUse: if anything refers to it.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        delete_unused(_locked_variation(variation_id), "variation")


def add_variation(product: Product, details: VariationFields, barcodes: Sequence[str]) -> ItemVariation:
    """Add a variation to a product that is locked or new: the part that several operations share."""
    if product.variations.count() >= MAX_VARIATIONS_PER_PRODUCT:
        raise TooMany(limit=MAX_VARIATIONS_PER_PRODUCT, what="variations of one product")
    variation = new_variation(product, details)
    _save(variation)
    for code in barcodes:
        put_barcode(variation, code, pack=None)
    return variation


def new_variation(product: Product, details: VariationFields) -> ItemVariation:
    """A variation that is checked and not saved yet."""
    variation = ItemVariation(product=product)
    apply_fields(variation, details)
    if details.quantity_decimals is UNSET:
        variation.quantity_decimals = USUAL_DECIMALS.get(variation.unit, 0)
    _check(variation)
    return variation


def _locked_variation(variation_id: int) -> ItemVariation:
    variation: ItemVariation | None = ItemVariation.objects.select_for_update().filter(pk=variation_id).first()
    if variation is None:
        raise NotFound("variation", variation_id=variation_id)
    return variation


def _check(variation: ItemVariation) -> None:
    check_values(variation)
    if variation.unit == Unit.PIECE and variation.quantity_decimals != 0:
        raise InvalidRequest({"quantity_decimals": ["A piece is counted in whole numbers: it has 0 decimals."]})
    if variation.reorder_point is not None:
        try:
            quantity_from(variation.reorder_point, sign=Sign.NOT_NEGATIVE, decimals=variation.quantity_decimals)
        except InvalidNumber as error:
            raise InvalidRequest({"reorder_point": [str(error)]}) from error


def _save(variation: ItemVariation) -> None:
    save_row(variation, lambda: _sku_taken(variation.sku))


def _sku_taken(sku: str) -> SkuTaken:
    holder = ItemVariation.objects.select_related("product").filter(sku=sku).first()
    if holder is None:
        return SkuTaken(sku=sku, product_name="another product")
    return SkuTaken(sku=sku, variation_id=holder.pk, product_id=holder.product_id, product_name=holder.product.name)
