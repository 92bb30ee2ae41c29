"""Stock as people look for it: a row for each variation, with its batches in the order in which they go."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from lotkeeper.accounts.models import IssuePolicy, Tenant
from lotkeeper.accounts.policies import Actor
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.queries import search_variations
from lotkeeper.core.tenancy import current_tenant_id
from lotkeeper.stock.models import Batch
from lotkeeper.stock.policies import fifo_key, outlet_today
from lotkeeper.stock.queries._window import Window
from lotkeeper.stock.queries.batches import BatchView
from lotkeeper.stock.queries.previews import lot_of
from lotkeeper.stock.queries.visibility import visible_outlets

#: What expires within so many days asks for attention.
SOON_DAYS: Final = 30


class Attention(StrEnum):
    """Why somebody should look at a variation."""

    LOW = "low"
    EXPIRING = "expiring"


@dataclass(frozen=True, slots=True)
class StockRowsWanted:
    """Which variations to list; what is left open is not asked about."""

    text: str = ""
    outlet_id: int | None = None
    attention: Attention | None = None


@dataclass(frozen=True, slots=True)
class StockRow:
    """A variation with its batches in stock, in the order in which they go."""

    variation: ItemVariation
    batches: Sequence[BatchView]

    @property
    def on_hand(self) -> Decimal:
        """Everything that is there."""
        return sum((view.batch.quantity for view in self.batches), Decimal(0))

    @property
    def sellable(self) -> Decimal:
        """What of it may be sold today."""
        return sum((view.sellable_quantity for view in self.batches), Decimal(0))

    @property
    def first_to_expire(self) -> BatchView | None:
        """The batch whose date comes first, expired or not."""
        dated = [view for view in self.batches if view.batch.expiry_date is not None]
        return min(dated, key=lambda view: view.batch.expiry_date or dt.date.max, default=None)

    @property
    def is_low(self) -> bool:
        """Whether less may be sold than the point at which more is ordered."""
        point = self.variation.reorder_point
        return point is not None and self.sellable < point


def stock_rows(actor: Actor, wanted: StockRowsWanted, window: Window, *, today: dt.date) -> Sequence[StockRow]:
    """The variations that are offered or in stock, by product name, with what lies at the outlets the actor may see.

    Raises:
        NotFound: for an outlet that is not theirs to see.
    """
    outlets = visible_outlets(actor, wanted.outlet_id)
    here = Batch.objects.filter(variation_id=OuterRef("pk"), outlet_id__in=outlets, in_stock=True)
    offered = Q(is_active=True, product__is_active=True)
    found: QuerySet[ItemVariation] = ItemVariation.objects.select_related("product").filter(offered | Exists(here))
    if wanted.text:
        found = search_variations(found, wanted.text)
    if wanted.attention is Attention.EXPIRING:
        found = found.filter(Exists(here.filter(expiry_date__lt=today + dt.timedelta(days=SOON_DAYS))))
    elif wanted.attention is Attention.LOW:
        may_be_sold = here.filter(_is_sellable(today)).order_by().values("variation_id")
        sellable = may_be_sold.annotate(total=Sum("quantity")).values("total")
        found = found.filter(reorder_point__gt=Coalesce(Subquery(sellable), Decimal(0)))
    if window.after is not None:
        name, variation_id = window.after
        found = found.filter(Q(product__name__gt=name) | Q(product__name=name, pk__gt=variation_id))
    variations = list(found.order_by("product__name", "pk")[: window.limit])
    batches = batches_in_order(outlets, {variation.pk: variation for variation in variations})
    return [StockRow(variation, batches.get(variation.pk, [])) for variation in variations]


def stock_row_key(row: StockRow) -> Sequence[str | int]:
    """A row's place in the order."""
    return [row.variation.product.name, row.variation.pk]


def stock_rows_of(
    actor: Actor, wanted: Iterable[ItemVariation], *, outlet_id: int | None = None
) -> Mapping[int, StockRow]:
    """Some variations with their batches in stock, by id.

    Raises:
        NotFound: for an outlet that is not theirs to see.
    """
    named = {variation.pk: variation for variation in wanted}
    batches = batches_in_order(visible_outlets(actor, outlet_id), named)
    return {
        variation_id: StockRow(variation, batches.get(variation_id, [])) for variation_id, variation in named.items()
    }


def _is_sellable(today: dt.date) -> Func:
    """The database's own rule, for batches of the variation outside."""
    margin = OuterRef("product__sell_by_margin_days")
    return Func(
        F("status"), F("expiry_date"), margin, Value(today), function="lk.is_sellable", output_field=BooleanField()
    )


def batches_in_order(
    outlets: Collection[int], variations: Mapping[int, ItemVariation]
) -> Mapping[int, Sequence[BatchView]]:
    """The batches in stock of each variation, in the order of its rule; the outlets' batches stand together."""
    if not variations:
        return {}
    now = dt.datetime.now(dt.UTC)
    usual = Tenant.objects.values_list("issue_policy", flat=True).get(pk=current_tenant_id())
    views: dict[int, list[BatchView]] = defaultdict(list)
    in_stock = Batch.objects.filter(outlet_id__in=outlets, variation_id__in=variations, in_stock=True)
    for batch in in_stock.select_related("outlet").order_by(F("expiry_date").asc(nulls_last=True), "received_at", "id"):
        batch.variation = variations[batch.variation_id]
        views[batch.variation_id].append(BatchView(batch, outlet_today(batch.outlet.timezone, now)))
    for variation_id, held in views.items():
        if (variations[variation_id].product.issue_policy or usual) == IssuePolicy.FIFO:
            held.sort(key=lambda view: fifo_key(lot_of(view.batch)))
    return views
