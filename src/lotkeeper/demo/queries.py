"""What the demonstration asks: who is here (of all businesses), and, within the tenant in scope, of its shelves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from lotkeeper.accounts.models import User
from lotkeeper.catalog.models import Category, ItemVariation
from lotkeeper.demo.policies.story import BOOKKEEPER_DOMAIN, OWNER
from lotkeeper.stock.models import Batch, StockMovement
from lotkeeper.stock.policies import BatchStatus


class ShelfLot(NamedTuple):
    """A batch with something left in it."""

    batch_id: int
    variation_id: int
    quantity: Decimal
    expiry_date: dt.date | None
    batch_number: str


class SoldLine(NamedTuple):
    """What a sale took of one batch."""

    operation_id: int
    batch_id: int
    variation_id: int
    quantity: Decimal
    occurred_at: dt.datetime


def demo_tenant_id() -> int | None:
    """The demonstration shop, or None if there is none here, or none that was finished."""
    return User.objects.filter(email=OWNER.email).values_list("tenant_id", flat=True).first()


def somebody_keeps_stock() -> bool:
    """Whether a business is here that is no demonstration: broken-off ones have nobody but their bookkeeper."""
    people = User.objects.filter(tenant__isnull=False).exclude(email=OWNER.email)
    return people.exclude(email__endswith=f"@{BOOKKEEPER_DOMAIN}").exists()


def variation_ids() -> Mapping[str, int]:
    """The ids of all variations by SKU."""
    return dict(ItemVariation.objects.values_list("sku", "id"))


def category_id(name: str) -> int:
    """The id of a category at the top."""
    found: int = Category.objects.values_list("id", flat=True).get(name=name, parent=None)
    return found


def lots_on_shelf(outlet_id: int) -> Sequence[ShelfLot]:
    """What an outlet has in batches that are not held back, expired ones included."""
    rows = (
        Batch.objects.filter(outlet_id=outlet_id, in_stock=True, status=BatchStatus.AVAILABLE)
        .order_by("id")
        .values_list("id", "variation_id", "quantity", "expiry_date", "batch_number")
    )
    return [ShelfLot(*row) for row in rows]


def lines_sold(operation_ids: Collection[int]) -> Sequence[SoldLine]:
    """What some sales took, batch by batch."""
    rows = (
        StockMovement.objects.filter(operation_id__in=operation_ids)
        .order_by("operation_id", "line", "batch_id")
        .values_list("operation_id", "batch_id", "variation_id", "quantity", "occurred_at")
    )
    return [SoldLine(operation, batch, variation, -quantity, at) for operation, batch, variation, quantity, at in rows]
