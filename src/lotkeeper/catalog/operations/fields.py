"""What can be said about a product or a variation, when it is made and when it is changed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal

from lotkeeper.core.models import TenantModel
from lotkeeper.core.unset import UNSET, Change


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFields:
    """The details of a product. Those left unset keep their value, or get their default when the product is new."""

    name: Change[str] = UNSET
    description: Change[str] = UNSET
    category_id: Change[int | None] = UNSET
    supplier_id: Change[int | None] = UNSET
    retail_price: Change[Decimal] = UNSET
    wholesale_price: Change[Decimal | None] = UNSET
    sell_by_margin_days: Change[int] = UNSET
    usual_shelf_life_days: Change[int | None] = UNSET
    issue_policy: Change[str | None] = UNSET
    is_active: Change[bool] = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class VariationFields:
    """The details of a variation. Those left unset keep their value, or get their default when it is new."""

    sku: Change[str] = UNSET
    name: Change[str] = UNSET
    size: Change[str] = UNSET
    colour: Change[str] = UNSET
    unit: Change[str] = UNSET
    quantity_decimals: Change[int] = UNSET
    retail_price: Change[Decimal | None] = UNSET
    wholesale_price: Change[Decimal | None] = UNSET
    reorder_point: Change[Decimal | None] = UNSET
    is_active: Change[bool] = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVariation:
    """A variation to be made together with its product, with the barcodes of a single unit."""

    details: VariationFields
    barcodes: tuple[str, ...] = ()


def apply_fields(row: TenantModel, given: ProductFields | VariationFields) -> None:
    """Write the details that were given onto a row, leaving the others."""
    for item in fields(given):
        value = getattr(given, item.name)
        if value is not UNSET:
            setattr(row, item.name, value)
