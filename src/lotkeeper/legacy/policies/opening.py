"""What is brought over: the catalogue, the outlets, and the stock as opening batches, by the figures one trusts."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from lotkeeper.core.quantity import InvalidNumber, quantity_from
from lotkeeper.legacy.policies.catalogue import (
    PlannedProduct,
    planned_outlets,
    planned_products,
    price_or_none,
    skus_of,
    variations_by_product,
)
from lotkeeper.legacy.policies.faults import Diagnosis
from lotkeeper.legacy.policies.findings import batch_cells
from lotkeeper.legacy.policies.notes import Notes
from lotkeeper.legacy.policies.rows import OldBatch, OldPlace, OldProduct, OldStock, OldVariation

#: The batch of stock that only the product's figure knows of.
UNKNOWN_BATCH = "OPENING"
_BATCH_NUMBER_LIMIT = 100


class Trust(StrEnum):
    """Which of the old system's two figures is believed."""

    BATCHES = "batches"
    PRODUCT_STOCK = "product-stock"


@dataclass(frozen=True, slots=True)
class OpeningBatch:
    """A batch to open the books with."""

    reference: str
    sku: str
    outlet: str
    batch_number: str
    expiry_date: dt.date | None
    unit_cost: Decimal | None
    received_at: dt.datetime | None
    quantity: Decimal
    #: What was wrong with it in the old system.
    note: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the trusted figures say and is not brought over, and why."""

    what: str
    quantity: Decimal
    why: str


@dataclass(frozen=True, slots=True)
class OpeningPlan:
    """Everything to bring over; ``trusted_total`` is ``total`` and what is left out together."""

    prefix: str
    outlets: Sequence[str]
    products: Sequence[PlannedProduct]
    batches: Sequence[OpeningBatch]
    left_out: Sequence[LeftOut]
    trusted_total: Decimal

    @property
    def total(self) -> Decimal:
        """How much is brought over."""
        return sum((batch.quantity for batch in self.batches), Decimal(0))


@dataclass(frozen=True, slots=True)
class _Lot:
    """What is one batch on the shelf: a row of the old system, several that say the same, or none."""

    batch_ids: tuple[int, ...]
    product_id: int
    variation_id: int
    outlet_id: int
    batch_number: str
    expiry_date: dt.date | None
    unit_cost: Decimal | None
    received_at: dt.datetime | None
    quantity: Decimal

    @property
    def identity(self) -> tuple[object, ...]:
        return (self.variation_id, self.outlet_id, self.batch_number, self.expiry_date, self.unit_cost)

    @property
    def in_use_order(self) -> tuple[dt.date, dt.datetime, tuple[int, ...]]:
        """First expired, first out; what has no date goes last."""
        latest = dt.datetime.max.replace(tzinfo=dt.UTC)
        return self.expiry_date or dt.date.max, self.received_at or latest, self.batch_ids

    @property
    def reference(self) -> str:
        return f"batch/{self.batch_ids[0]}" if self.batch_ids else f"product/{self.product_id}"


def plan_opening(
    old: OldStock, *, tenant_id: int, trust: Trust, diagnosis: Diagnosis, outlet_id: int | None = None
) -> OpeningPlan:
    """What to bring over of one business.

    Args:
        old: the old stock.
        tenant_id: which of its businesses.
        trust: which figures to believe.
        diagnosis: what is wrong, which is noted on each batch that it is about.
        outlet_id: where stock lies that only a product's figure knows of; not needed if there is one outlet.
    """
    outlets = planned_outlets(old, tenant_id)
    variations = variations_by_product(old, tenant_id)
    batches = [batch for batch in old.batches.values() if batch.tenant_id == tenant_id]
    lots, left_out = _lots(old, batches)
    trusted_total = sum((batch.quantity for batch in batches), Decimal(0))
    if trust is Trust.PRODUCT_STOCK:
        products = [old.products[product_id] for product_id in variations]
        lots, left_out = _fitted(products, lots, variations, outlet_id or _only(outlets))
        trusted_total = sum((product.stock or Decimal(0) for product in products), Decimal(0))
    prefix = f"legacy/{tenant_id}/"
    notes, skus = Notes(diagnosis), skus_of(variations)
    return OpeningPlan(
        prefix=prefix,
        outlets=list(outlets.values()),
        products=planned_products(old, variations, skus),
        batches=[
            OpeningBatch(
                reference=prefix + lot.reference,
                sku=skus[lot.variation_id],
                outlet=outlets[lot.outlet_id],
                batch_number=lot.batch_number,
                expiry_date=lot.expiry_date,
                unit_cost=lot.unit_cost,
                received_at=lot.received_at,
                quantity=lot.quantity,
                note=notes.about(lot.batch_ids, lot.product_id),
            )
            for lot in lots
        ],
        left_out=left_out,
        trusted_total=trusted_total,
    )


def _lots(old: OldStock, batches: Sequence[OldBatch]) -> tuple[Sequence[_Lot], Sequence[LeftOut]]:
    """The batches that can be brought over, those that say the same as one, and the others."""
    lots: dict[tuple[object, ...], _Lot] = {}
    left_out: list[LeftOut] = []
    for batch in batches:
        place = old.place_of(batch)
        why = "has no product or outlet of its own business" if place is None else _why_not(batch)
        if place is None or why:
            left_out.append(LeftOut("batch " + " ".join(batch_cells(old, batch)), batch.quantity, why))
        elif batch.quantity:
            lot = _lot(batch, place)
            same = lots.get(lot.identity)
            lots[lot.identity] = lot if same is None else _together(same, lot)
    return list(lots.values()), left_out


def _why_not(batch: OldBatch) -> str:
    if batch.quantity < 0:
        return "holds less than nothing"
    if len(batch.batch_number) > _BATCH_NUMBER_LIMIT:
        return f"has a number of more than {_BATCH_NUMBER_LIMIT} characters"
    return _why_not_kept(batch.quantity) if batch.quantity else ""


def _why_not_kept(quantity: Decimal) -> str:
    try:
        quantity_from(quantity)
    except InvalidNumber as error:
        return f"has a quantity that cannot be kept: {error}"
    return ""


def _lot(batch: OldBatch, place: OldPlace) -> _Lot:
    return _Lot(
        batch_ids=(batch.id,),
        product_id=place.product.id,
        variation_id=place.variation.id,
        outlet_id=place.outlet.id,
        batch_number=batch.batch_number or f"OLD-{batch.id}",
        expiry_date=batch.expiry_date,
        unit_cost=price_or_none(batch.cost_price),
        received_at=batch.created_at,
        quantity=batch.quantity,
    )


def _together(one: _Lot, other: _Lot) -> _Lot:
    moments = [moment for moment in (one.received_at, other.received_at) if moment is not None]
    return replace(
        one,
        batch_ids=one.batch_ids + other.batch_ids,
        received_at=min(moments, default=None),
        quantity=one.quantity + other.quantity,
    )


def _fitted(
    products: Sequence[OldProduct],
    lots: Sequence[_Lot],
    variations: Mapping[int, Sequence[OldVariation]],
    spare_outlet_id: int | None,
) -> tuple[Sequence[_Lot], Sequence[LeftOut]]:
    """The lots as the products' figures want them: cut where they hold more, with a lot of its own for what is over."""
    of_product: dict[int, list[_Lot]] = defaultdict(list)
    for lot in sorted(lots, key=lambda each: each.in_use_order):
        of_product[lot.product_id].append(lot)
    fitted: list[_Lot] = []
    left_out: list[LeftOut] = []
    for product in products:
        stock = product.stock or Decimal(0)
        why = "is less than nothing" if stock < 0 else _why_not_kept(stock) if stock else ""
        if why:
            left_out.append(LeftOut(f"product {product.id} {product.name}", stock, why))
            continue
        own = of_product[product.id]
        kept, missing = _cut(own, stock)
        fitted += kept
        if not missing:
            continue
        largest = max(own, key=lambda lot: lot.quantity, default=None)
        outlet_id = spare_outlet_id if largest is None else largest.outlet_id
        variation_id = variations[product.id][0].id if largest is None else largest.variation_id
        if outlet_id is None:
            why = "lies at an outlet that nobody named (--old-outlet)"
            left_out.append(LeftOut(f"product {product.id} {product.name}", missing, why))
        else:
            fitted.append(_Lot((), product.id, variation_id, outlet_id, UNKNOWN_BATCH, None, None, None, missing))
    return fitted, left_out


def _cut(lots: Sequence[_Lot], stock: Decimal) -> tuple[Sequence[_Lot], Decimal]:
    """The lots without what must have been sold already, first expired first, and how much none of them holds."""
    surplus = sum((lot.quantity for lot in lots), Decimal(0)) - stock
    kept: list[_Lot] = []
    for lot in lots:
        sold = min(max(surplus, Decimal(0)), lot.quantity)
        surplus -= sold
        if lot.quantity > sold:
            kept.append(replace(lot, quantity=lot.quantity - sold))
    return kept, -surplus


def _only(outlets: Mapping[int, str]) -> int | None:
    return next(iter(outlets)) if len(outlets) == 1 else None
