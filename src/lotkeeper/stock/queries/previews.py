"""What would leave first, and what an issue would take. Nothing is locked, promised or changed by looking."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

from django.db.models import F, QuerySet, Sum

from lotkeeper.accounts.models import IssuePolicy, Tenant
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.errors import NotFound
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.errors import BatchNotSellable, InsufficientStockError, TooPrecise
from lotkeeper.stock.models import Batch, ReservationLine, ReservationStatus
from lotkeeper.stock.policies import BatchStatus, Lot, Pick, fefo_key, fifo_key, is_sellable, outlet_today, pick_fefo


class LineAsked(NamedTuple):
    """So much of a variation, from whichever batches the rule picks, or from the lot in hand."""

    variation_id: int
    quantity: Decimal
    batch_id: int | None = None


@dataclass(frozen=True, slots=True)
class PreviewedPick:
    """What an issue would take of one batch, and for which line."""

    line: int
    batch: Batch
    quantity: Decimal
    #: The lot in hand would be sold although an earlier one stands on the shelf.
    override: bool = False


@dataclass(frozen=True, slots=True)
class IssuePreview:
    """What an issue would take, and how much would be missing; nothing is promised by looking."""

    picks: Sequence[PreviewedPick]
    available: Decimal
    missing: Decimal


def get_fifo_batches(variation: ItemVariation, outlet: Outlet, *, today: dt.date | None = None) -> QuerySet[Batch]:
    """The batches of a variation that an outlet may sell, in the order in which they go.

    By expiry, undated last, then by receipt; by receipt alone where the product or the business asks for plain FIFO.
    Expired, held, recalled and empty batches are left out.
    """
    day = today if today is not None else outlet_today(outlet.timezone)
    product = variation.product
    sellable: QuerySet[Batch] = Batch.objects.filter(
        outlet_id=outlet.pk, variation_id=variation.pk, in_stock=True, status=BatchStatus.AVAILABLE
    )
    first_day = day + dt.timedelta(days=product.sell_by_margin_days)
    sellable = sellable.filter(expiry_date__isnull=True) | sellable.filter(expiry_date__gte=first_day)
    if issue_policy(variation) == IssuePolicy.FIFO:
        return sellable.order_by("received_at", "id")
    return sellable.order_by(F("expiry_date").asc(nulls_last=True), "received_at", "id")


def issue_policy(variation: ItemVariation) -> str:
    """Whether the batch that expires first goes first, or the one received first."""
    return variation.product.issue_policy or Tenant.objects.get(pk=variation.tenant_id).issue_policy


def reserved_quantity(variation_id: int, outlet_id: int, now: dt.datetime | None = None) -> Decimal:
    """What is promised and not lapsed, of one variation at one outlet."""
    return _reserved([variation_id], outlet_id, now).get(variation_id, Decimal(0))


def preview_issue(*, variation_id: int, outlet_id: int, quantity: Decimal, batch_id: int | None = None) -> IssuePreview:
    """Which batches an issue would take now, by the same rules as the database, without locking or changing anything.

    Raises:
        NotFound: for an outlet, variation or batch that is not there.
    """
    shelf = shelves_of(outlet_id, [variation_id])[variation_id]
    if batch_id is not None and not _is_here(batch_id, outlet_id, variation_id):
        raise NotFound("batch", batch_id=batch_id)
    picks, available = shelf.take(quantity, batch_id)
    missing = max(quantity - available, Decimal(0))
    return IssuePreview([PreviewedPick(1, shelf.batches[p.batch_id], p.quantity) for p in picks], available, missing)


def preview_deduction(*, actor: Actor, outlet_id: int, lines: Sequence[LineAsked]) -> Sequence[PreviewedPick]:
    """What a sale of several lines would take now: each batch, or the refusal that the sale itself would meet.

    Raises:
        InsufficientStockError, BatchNotSellable, TooPrecise, PermissionRefused, NotFound.
    """
    actor.require(Permission.SELL, outlet_id)
    numbered: dict[tuple[int, int | None], tuple[int, LineAsked]] = {}
    for line in lines:
        key = (line.variation_id, line.batch_id)
        number, before = numbered.get(key, (len(numbered) + 1, line._replace(quantity=Decimal(0))))
        numbered[key] = (number, line._replace(quantity=before.quantity + line.quantity))
    shelves = shelves_of(outlet_id, {line.variation_id for line in lines})
    picked: list[PreviewedPick] = []
    short: list[Mapping[str, Any]] = []
    # A named lot first, so that the rule does not take it away under its own request.
    for number, line in sorted(numbered.values(), key=lambda each: (each[1].batch_id is None, each[1].batch_id or 0)):
        shelf = shelves[line.variation_id]
        shelf.check_precision(number, line.quantity)
        if line.batch_id is not None and not shelf.offers(line.batch_id) and not shelf.is_promised(line.quantity):
            _refuse_batch(line.batch_id, outlet_id, line.variation_id, number)
        override = shelf.has_earlier(line.batch_id)
        picks, available = shelf.take(line.quantity, line.batch_id)
        picked += [PreviewedPick(number, shelf.batches[pick.batch_id], pick.quantity, override) for pick in picks]
        if available < line.quantity:
            short.append(_shortage(number, line, available))
    if short:
        raise InsufficientStockError(sorted(short, key=lambda each: int(each["line"])))
    return sorted(picked, key=lambda pick: pick.line)


def lot_of(batch: Batch) -> Lot:
    """A batch as the rules see it."""
    return Lot(batch.pk, batch.quantity, batch.expiry_date, batch.received_at, BatchStatus(batch.status))


@dataclass(slots=True)
class Shelf:
    """One variation at one outlet while lines are taken from it, in thought."""

    variation: ItemVariation
    today: dt.date
    fifo: bool
    reserved: Decimal
    batches: dict[int, Batch] = field(default_factory=dict)
    lots: dict[int, Lot] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        self.batches[batch.pk] = batch
        self.lots[batch.pk] = lot_of(batch)

    def in_order(self) -> Sequence[Batch]:
        """Its batches, the first to go first."""
        return sorted(self.batches.values(), key=lambda batch: self._place(lot_of(batch)))

    def check_precision(self, number: int, quantity: Decimal) -> None:
        decimals = self.variation.quantity_decimals
        if quantity != round(quantity, decimals):
            raise TooPrecise(line=number, variation_id=self.variation.pk, quantity_decimals=decimals)

    def take(self, quantity: Decimal, batch_id: int | None) -> tuple[Sequence[Pick], Decimal]:
        """The picks of a line, and how much of the variation it could get: at least ``quantity`` if it is enough."""
        free = self._free()
        offered = [lot for lot in self.lots.values() if batch_id is None or lot.batch_id == batch_id]
        pick = partial(
            pick_fefo,
            sell_by_margin_days=self.variation.product.sell_by_margin_days,
            today=self.today,
            fifo=self.fifo,
        )
        picks, missing = pick(offered, min(quantity, free))
        for each in picks:
            lot = self.lots[each.batch_id]
            self.lots[each.batch_id] = replace(lot, quantity=lot.quantity - each.quantity)
        taken = min(quantity, free) - missing
        return picks, taken if taken < quantity else free

    def offers(self, batch_id: int) -> bool:
        """Whether something of this batch may be sold."""
        return batch_id in self.lots and self._is_sellable(self.lots[batch_id])

    def is_promised(self, quantity: Decimal) -> bool:
        """Whether so much cannot be had because of what is reserved for others."""
        return self.reserved > 0 and self._free() < quantity

    def has_earlier(self, batch_id: int | None) -> bool:
        """Whether another batch would go before the one in hand."""
        if batch_id is None or batch_id not in self.lots:
            return False
        in_hand = self._place(self.lots[batch_id])
        return any(self._is_sellable(lot) and self._place(lot) < in_hand for lot in self.lots.values())

    def _free(self) -> Decimal:
        sellable = sum((lot.quantity for lot in self.lots.values() if self._is_sellable(lot)), Decimal(0))
        return max(sellable - self.reserved, Decimal(0))

    def _place(self, lot: Lot) -> tuple[Any, ...]:
        return fifo_key(lot) if self.fifo else fefo_key(lot)

    def _is_sellable(self, lot: Lot) -> bool:
        return is_sellable(lot, sell_by_margin_days=self.variation.product.sell_by_margin_days, today=self.today)


def shelves_of(outlet_id: int, variation_ids: Collection[int]) -> Mapping[int, Shelf]:
    outlet = Outlet.objects.filter(pk=outlet_id, is_active=True).first()
    if outlet is None:
        raise NotFound("outlet", outlet_id=outlet_id)
    variations = {
        variation.pk: variation
        for variation in ItemVariation.objects.select_related("product").filter(pk__in=variation_ids)
    }
    if unknown := sorted(set(variation_ids) - variations.keys()):
        raise NotFound("variation", variation_id=unknown[0])
    usual_policy = Tenant.objects.get(pk=outlet.tenant_id).issue_policy
    today = outlet_today(outlet.timezone)
    reserved = _reserved(variation_ids, outlet_id)
    shelves = {
        variation_id: Shelf(
            variation,
            today,
            (variation.product.issue_policy or usual_policy) == IssuePolicy.FIFO,
            reserved.get(variation_id, Decimal(0)),
        )
        for variation_id, variation in variations.items()
    }
    for batch in Batch.objects.filter(outlet_id=outlet_id, variation_id__in=variation_ids, in_stock=True):
        shelves[batch.variation_id].add(batch)
    return shelves


def _reserved(variation_ids: Collection[int], outlet_id: int, now: dt.datetime | None = None) -> Mapping[int, Decimal]:
    instant = now if now is not None else dt.datetime.now(dt.UTC)
    promised = ReservationLine.objects.filter(
        variation_id__in=variation_ids,
        reservation__outlet_id=outlet_id,
        reservation__status=ReservationStatus.ACTIVE,
        reservation__expires_at__gt=instant,
    )
    return dict(promised.values("variation_id").annotate(total=Sum("quantity")).values_list("variation_id", "total"))


def _is_here(batch_id: int, outlet_id: int, variation_id: int) -> bool:
    here: bool = Batch.objects.filter(pk=batch_id, outlet_id=outlet_id, variation_id=variation_id).exists()
    return here


def _refuse_batch(batch_id: int, outlet_id: int, variation_id: int, number: int) -> None:
    """Why a named batch gives nothing: it is not here, or may not be sold. An empty one is an ordinary shortage."""
    batch = Batch.objects.filter(pk=batch_id, outlet_id=outlet_id, variation_id=variation_id).first()
    if batch is None:
        raise NotFound("batch", batch_id=batch_id, line=number)
    if batch.in_stock:
        expiry = None if batch.expiry_date is None else batch.expiry_date.isoformat()
        told = {"line": number, "batch_id": batch_id, "status": batch.status, "expiry": expiry}
        raise BatchNotSellable(lines=[told])


def _shortage(number: int, line: LineAsked, available: Decimal) -> Mapping[str, Any]:
    told = {"line": number, "variation_id": line.variation_id, "needed": line.quantity, "available": available}
    return told if line.batch_id is None else {**told, "batch_id": line.batch_id}
