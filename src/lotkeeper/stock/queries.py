"""What there is, where, and what would go first. Everything reads within the tenant in scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from django.db.models import F, QuerySet, Sum

from lotkeeper.accounts.models import IssuePolicy, Tenant
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.errors import NotFound
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch, ReservationLine, ReservationStatus
from lotkeeper.stock.policies import BatchStatus, Lot, outlet_today, pick_fefo


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
    instant = now if now is not None else dt.datetime.now(dt.UTC)
    promised: Decimal | None = ReservationLine.objects.filter(
        variation_id=variation_id,
        reservation__outlet_id=outlet_id,
        reservation__status=ReservationStatus.ACTIVE,
        reservation__expires_at__gt=instant,
    ).aggregate(total=Sum("quantity"))["total"]
    return promised or Decimal(0)


@dataclass(frozen=True, slots=True)
class PreviewedPick:
    """What an issue would take of one batch."""

    batch: Batch
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class IssuePreview:
    """What an issue would take, and how much would be missing; nothing is promised by looking."""

    picks: Sequence[PreviewedPick]
    available: Decimal
    missing: Decimal


def preview_issue(*, variation_id: int, outlet_id: int, quantity: Decimal, batch_id: int | None = None) -> IssuePreview:
    """Which batches an issue would take now, by the same rules as the database, without locking or changing anything.

    Raises:
        NotFound: for an outlet, variation or batch that is not there.
    """
    outlet = Outlet.objects.filter(pk=outlet_id, is_active=True).first()
    if outlet is None:
        raise NotFound("outlet", outlet_id=outlet_id)
    variation = ItemVariation.objects.select_related("product").filter(pk=variation_id).first()
    if variation is None:
        raise NotFound("variation", variation_id=variation_id)
    batches = {
        batch.pk: batch for batch in Batch.objects.filter(outlet_id=outlet_id, variation_id=variation_id, in_stock=True)
    }
    if batch_id is not None:
        if not Batch.objects.filter(pk=batch_id, outlet_id=outlet_id, variation_id=variation_id).exists():
            raise NotFound("batch", batch_id=batch_id)
        offered = [batch for batch in batches.values() if batch.pk == batch_id]
    else:
        offered = list(batches.values())
    pick = partial(
        pick_fefo,
        sell_by_margin_days=variation.product.sell_by_margin_days,
        today=outlet_today(outlet.timezone),
        fifo=issue_policy(variation) == IssuePolicy.FIFO,
    )
    everything = sum((batch.quantity for batch in batches.values()), Decimal(0))
    on_shelf = everything - pick(map(lot_of, batches.values()), everything)[1]
    free = max(on_shelf - reserved_quantity(variation_id, outlet_id), Decimal(0))
    picks, missing = pick(map(lot_of, offered), min(quantity, free))
    taken = min(quantity, free) - missing
    return IssuePreview(
        picks=[PreviewedPick(batches[each.batch_id], each.quantity) for each in picks],
        available=taken if taken < quantity else free,
        missing=quantity - taken,
    )


def lot_of(batch: Batch) -> Lot:
    """A batch as the rules see it."""
    return Lot(batch.pk, batch.quantity, batch.expiry_date, batch.received_at, BatchStatus(batch.status))
