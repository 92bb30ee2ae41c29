"""The outlets and products of one old business, as Lotkeeper would keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lotkeeper.core.quantity import InvalidNumber, money_from
from lotkeeper.legacy.policies.rows import OldProduct, OldStock, OldVariation

_SKU_LIMIT = 64


@dataclass(frozen=True, slots=True)
class PlannedVariation:
    """A variation to make, unless its SKU is known already."""

    sku: str
    name: str
    size: str
    colour: str
    barcode: str


@dataclass(frozen=True, slots=True)
class PlannedProduct:
    """A product to make with its variations."""

    name: str
    description: str
    category: str
    retail_price: Decimal
    wholesale_price: Decimal | None
    variations: Sequence[PlannedVariation]


def planned_outlets(old: OldStock, tenant_id: int) -> Mapping[int, str]:
    """The names of the business's outlets, by their old numbers; one whose name is taken gets its number behind it."""
    names: dict[int, str] = {}
    for outlet in old.outlets.values():
        if outlet.tenant_id == tenant_id:
            name = outlet.name or f"Outlet {outlet.id}"
            names[outlet.id] = f"{name} ({outlet.id})" if name in names.values() else name
    return names


def variations_by_product(old: OldStock, tenant_id: int) -> Mapping[int, Sequence[OldVariation]]:
    """The variations of each product of the business.

    A product without any gets one under its own number made negative, which no row of the old database has.
    """
    found: dict[int, list[OldVariation]] = {
        product.id: [] for product in old.products.values() if product.tenant_id == tenant_id
    }
    for variation in old.variations.values():
        if variation.product_id in found:
            found[variation.product_id].append(variation)
    return {
        product_id: variations or [OldVariation(-product_id, product_id, "", "", "", "", "")]
        for product_id, variations in found.items()
    }


def skus_of(variations: Mapping[int, Sequence[OldVariation]]) -> Mapping[int, str]:
    """A SKU for each variation by its old number: its own, or one made of the number where that is empty or taken."""
    skus: dict[int, str] = {}
    taken: set[str] = set()
    for each in variations.values():
        for variation in each:
            own = variation.sku if variation.sku not in taken and len(variation.sku) <= _SKU_LIMIT else ""
            made = f"OLD-{variation.id}" if variation.id > 0 else f"OLD-P{-variation.id}"
            skus[variation.id] = own or made
            taken.add(skus[variation.id])
    return skus


def planned_products(
    old: OldStock, variations: Mapping[int, Sequence[OldVariation]], skus: Mapping[int, str]
) -> Sequence[PlannedProduct]:
    """The products with their variations, each barcode on the first that bears it.

    Args:
        old: the old stock.
        variations: those of each product.
        skus: what each variation is known by.
    """
    bearers: dict[str, int] = defaultdict(int)
    for each in variations.values():
        for variation in each:
            bearers.setdefault(variation.barcode, variation.id)
    return [
        _planned(
            old,
            old.products[product_id],
            [
                PlannedVariation(
                    sku=skus[variation.id],
                    name=variation.name,
                    size=variation.size,
                    colour=variation.colour,
                    barcode=variation.barcode if bearers[variation.barcode] == variation.id else "",
                )
                for variation in each
            ],
        )
        for product_id, each in variations.items()
    ]


def _planned(old: OldStock, product: OldProduct, variations: Sequence[PlannedVariation]) -> PlannedProduct:
    category = None if product.category_id is None else old.categories.get(product.category_id)
    return PlannedProduct(
        name=product.name or f"Product {product.id}",
        description=product.description,
        category=category.name if category else "",
        retail_price=price_or_none(product.retail_price) or Decimal(0),
        wholesale_price=price_or_none(product.wholesale_price),
        variations=variations,
    )


def price_or_none(amount: Decimal | None) -> Decimal | None:
    """An amount of money that can be kept; what is negative or longer than that is left out."""
    try:
        return None if amount is None else money_from(amount)
    except InvalidNumber:
        return None
