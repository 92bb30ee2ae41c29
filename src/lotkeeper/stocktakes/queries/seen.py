"""What was seen on the shelves, and what scanned goods may be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from django.db.models import F, FilteredRelation, Q, QuerySet

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.queries import ScanMatch
from lotkeeper.stock.models import Batch
from lotkeeper.stock.policies import BatchStatus
from lotkeeper.stocktakes.models import StockTake, StockTakeListing, StockTakeObservation
from lotkeeper.stocktakes.queries.takes import scope_of

#: More batches of one variation than stand on one shelf.
_MAX_BATCHES: Final = 100


class ScannedBatch(NamedTuple):
    """A batch here that scanned goods may be of. What the book says of it is not among its fields."""

    batch_id: int
    batch_number: str
    expiry_date: dt.date | None
    status: str
    item_id: int | None
    physical_count: Decimal | None


class NewBatch(NamedTuple):
    """What is known of goods that the book may not know."""

    variation_id: int
    batch_number: str
    expiry_date: dt.date | None


@dataclass(frozen=True, slots=True)
class CountScan:
    """What scanned goods may be: the batches here, or what to fill in for a new one; and whether it is counted here."""

    in_scope: bool
    batches: Sequence[ScannedBatch]
    new_batch: NewBatch | None


def observations_of(take: StockTake, *, item_id: int | None = None) -> QuerySet[StockTakeObservation]:
    """Everything that was seen for a stock take, or for one line of it, with who saw it."""
    found: QuerySet[StockTakeObservation] = StockTakeObservation.objects.select_related("user").filter(stock_take=take)
    return found if item_id is None else found.filter(item_id=item_id)


def scanned(take: StockTake, match: ScanMatch) -> CountScan:
    """The batches at the outlet of a count that scanned goods may be of.

    A code that holds a batch number means that batch, whether the book thinks there is any left or not. One that does
    not may be on every batch that stands here or was counted.
    """
    scan, variation = match.scan, match.variation
    item = FilteredRelation("stock_take_items", condition=Q(stock_take_items__stock_take=take.pk))
    here = Batch.objects.annotate(item=item).filter(outlet_id=take.outlet_id, variation=variation)
    here = here.exclude(status=BatchStatus.ARCHIVED)
    if scan.batch_number is None:
        here = here.filter(Q(in_stock=True) | Q(item__isnull=False))
    else:
        here = here.filter(batch_number=scan.batch_number)
    if scan.expiry_date is not None:
        here = here.filter(expiry_date=scan.expiry_date)
    rows = here.order_by(F("expiry_date").asc(nulls_last=True), "id").values_list(
        "id", "batch_number", "expiry_date", "status", "item__id", "item__physical_count"
    )
    batches = [ScannedBatch(*row) for row in rows[:_MAX_BATCHES]]
    named = scan.batch_number is not None and bool(batches)
    new = None if named else NewBatch(variation.pk, scan.batch_number or "", scan.expiry_date)
    return CountScan(_in_scope(take, variation), batches, new)


def _in_scope(take: StockTake, variation: ItemVariation) -> bool:
    scope, product = scope_of(take), variation.product
    if scope["category_ids"] is not None and product.category_id not in scope["category_ids"]:
        return False
    if scope["supplier_id"] is not None and product.supplier_id != scope["supplier_id"]:
        return False
    listings = StockTakeListing.objects.filter(stock_take_id=scope["listed_in"], variation=variation)
    return scope["listed_in"] is None or bool(listings.exists())
