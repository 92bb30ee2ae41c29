"""Outlets and products of the old business; what is there already, by its name or SKU, is left as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lotkeeper.accounts.policies import Actor
from lotkeeper.accounts.queries import tenant_of
from lotkeeper.catalog.models import Category, ItemVariation
from lotkeeper.catalog.operations import (
    NewProduct,
    NewVariation,
    ProductFields,
    VariationFields,
    create_category,
    create_products,
    create_variation,
)
from lotkeeper.legacy.policies.catalogue import PlannedProduct, PlannedVariation
from lotkeeper.outlets.models import Outlet
from lotkeeper.outlets.operations.outlets import create_outlet


def bring_outlets(actor: Actor, names: Sequence[str]) -> Mapping[str, int]:
    """The outlets by name, in the business's time zone where they are new."""
    known = dict(Outlet.objects.values_list("name", "id"))
    timezone = tenant_of(actor).timezone
    return {
        name: known[name] if name in known else create_outlet(actor=actor, name=name, timezone=timezone).pk
        for name in names
    }


def bring_products(actor: Actor, products: Sequence[PlannedProduct]) -> int:
    """Make what is missing; gives how many variations were made."""
    skus = {variation.sku for product in products for variation in product.variations}
    known = dict(ItemVariation.objects.filter(sku__in=skus).values_list("sku", "product_id"))
    categories = _bring_categories(actor, {product.category for product in products if product.category})
    new_products: list[NewProduct] = []
    made = 0
    for product in products:
        new = [_new(variation) for variation in product.variations if variation.sku not in known]
        product_id = next((known[each.sku] for each in product.variations if each.sku in known), None)
        made += len(new)
        if product_id is None:
            details = _details(product, categories.get(product.category))
            new_products.append(NewProduct(details=details, variations=tuple(new)))
            continue
        for each in new:
            create_variation(actor=actor, product_id=product_id, details=each.details, barcodes=each.barcodes)
    create_products(actor=actor, products=new_products)
    return made


def _bring_categories(actor: Actor, names: Collection[str]) -> Mapping[str, int]:
    known = dict(Category.objects.filter(parent=None).values_list("name", "id"))
    return known | {name: create_category(actor=actor, name=name).pk for name in sorted(names) if name not in known}


def _details(product: PlannedProduct, category_id: int | None) -> ProductFields:
    return ProductFields(
        name=product.name,
        description=product.description,
        category_id=category_id,
        retail_price=product.retail_price,
        wholesale_price=product.wholesale_price,
    )


def _new(variation: PlannedVariation) -> NewVariation:
    details = VariationFields(
        sku=variation.sku,
        name=variation.name,
        size=variation.size,
        colour=variation.colour,
    )
    return NewVariation(details=details, barcodes=(variation.barcode,) if variation.barcode else ())
