"""The rows of the old database, as far as stock depends on them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple


class OldTenant(NamedTuple):
    """A business."""

    id: int
    name: str


class OldOutlet(NamedTuple):
    """A place that holds stock."""

    id: int
    tenant_id: int | None
    name: str


class OldCategory(NamedTuple):
    """What belongs together."""

    id: int
    name: str


class OldProduct(NamedTuple):
    """Something that is sold, with the stock figure that the old system kept beside its batches."""

    id: int
    tenant_id: int | None
    name: str
    stock: Decimal | None
    image: str
    category_id: int | None
    description: str
    retail_price: Decimal | None
    wholesale_price: Decimal | None


class OldVariation(NamedTuple):
    """One size or colour of a product."""

    id: int
    product_id: int | None
    sku: str
    name: str
    size: str
    colour: str
    barcode: str


class OldBatch(NamedTuple):
    """Goods that arrived together."""

    id: int
    tenant_id: int | None
    variation_id: int | None
    outlet_id: int | None
    batch_number: str
    expiry_date: dt.date | None
    quantity: Decimal
    cost_price: Decimal | None
    created_at: dt.datetime | None


class OldPlace(NamedTuple):
    """Where a batch lies, and of what it is."""

    outlet: OldOutlet
    product: OldProduct
    variation: OldVariation


class OldMovement(NamedTuple):
    """A change of stock, written without its sign."""

    id: int
    tenant_id: int | None
    batch_id: int | None
    variation_id: int | None
    outlet_id: int | None
    movement_type: str
    quantity: Decimal
    created_at: dt.datetime | None
    reason: str


@dataclass(frozen=True)
class OldStock:
    """Everything that was read, by the numbers it has there."""

    tenants: Mapping[int, OldTenant]
    outlets: Mapping[int, OldOutlet]
    categories: Mapping[int, OldCategory]
    products: Mapping[int, OldProduct]
    variations: Mapping[int, OldVariation]
    batches: Mapping[int, OldBatch]
    movements: Sequence[OldMovement]

    @cached_property
    def movements_of(self) -> Mapping[int, Sequence[OldMovement]]:
        """The movements of each batch that is there, as they were written."""
        found: dict[int, list[OldMovement]] = {batch_id: [] for batch_id in self.batches}
        for movement in self.movements:
            if movement.batch_id in found:
                found[movement.batch_id].append(movement)
        return found

    @property
    def keeps_product_stock(self) -> bool:
        """Whether products have a stock figure beside their batches."""
        return any(product.stock is not None for product in self.products.values())

    def product_of(self, variation_id: int | None) -> OldProduct | None:
        """The product that a variation belongs to, if both are there."""
        variation = None if variation_id is None else self.variations.get(variation_id)
        return None if variation is None or variation.product_id is None else self.products.get(variation.product_id)

    def place_of(self, batch: OldBatch) -> OldPlace | None:
        """Where a batch lies and of what it is, if that is an outlet and a product of its own business."""
        outlet = None if batch.outlet_id is None else self.outlets.get(batch.outlet_id)
        variation = None if batch.variation_id is None else self.variations.get(batch.variation_id)
        product = self.product_of(batch.variation_id)
        if outlet is None or variation is None or product is None or batch.tenant_id not in self.tenants:
            return None
        is_its_own = outlet.tenant_id == product.tenant_id == batch.tenant_id
        return OldPlace(outlet, product, variation) if is_its_own else None
