"""Batches, in the order in which they expire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import Q, QuerySet

from lotkeeper.accounts.policies import Actor
from lotkeeper.core.errors import NotFound
from lotkeeper.stock.models import Batch
from lotkeeper.stock.policies import BatchStatus, outlet_today
from lotkeeper.stock.queries._window import Window
from lotkeeper.stock.queries.visibility import visible_outlets

_DATED_ORDER: Final = ("expiry_date", "received_at", "id")
_UNDATED_ORDER: Final = ("received_at", "id")
#: What stands for the date in the key of undated stock.
_NEVER: Final = ""


@dataclass(frozen=True, slots=True)
class BatchesWanted:
    """Which batches to list; None leaves a question open."""

    outlet_id: int | None = None
    variation_id: int | None = None
    batch_number: str | None = None
    status: BatchStatus | None = None
    expiring_before: dt.date | None = None
    in_stock: bool | None = None


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch on a certain day: what of it may be sold, and how long it has."""

    batch: Batch
    today: dt.date

    @property
    def sellable_quantity(self) -> Decimal:
        """How much of it may be sold today."""
        return self.batch.sellable_quantity(self.today)

    @property
    def is_expired(self) -> bool:
        """Whether it is too late to sell it, the product's margin counted."""
        return self.batch.is_expired(self.today)

    @property
    def days_left(self) -> int | None:
        """Days until the printed date: 0 on that day, negative after it, None for undated stock."""
        return None if self.batch.expiry_date is None else (self.batch.expiry_date - self.today).days


def batches(actor: Actor, wanted: BatchesWanted, window: Window) -> Sequence[BatchView]:
    """The batches that the actor may see, first expired first, undated last, then by receipt.

    Raises:
        NotFound: for an outlet that is not theirs to see.
    """
    found: QuerySet[Batch] = Batch.objects.filter(outlet_id__in=visible_outlets(actor, wanted.outlet_id))
    if wanted.variation_id is not None:
        found = found.filter(variation_id=wanted.variation_id)
    if wanted.batch_number is not None:
        found = found.filter(batch_number=wanted.batch_number)
    if wanted.status is not None:
        found = found.filter(status=wanted.status)
    if wanted.expiring_before is not None:
        found = found.filter(expiry_date__lt=wanted.expiring_before)
    if wanted.in_stock is not None:
        found = found.filter(in_stock=wanted.in_stock)
    now = dt.datetime.now(dt.UTC)
    return [_seen(batch, now) for batch in _in_window(found, window)]


def batch_key(view: BatchView) -> Sequence[str | int]:
    """A batch's place in the order of expiry."""
    batch = view.batch
    expiry_date = _NEVER if batch.expiry_date is None else batch.expiry_date.isoformat()
    return [expiry_date, batch.received_at.isoformat(), batch.pk]


def batch_for(actor: Actor, batch_id: int) -> BatchView:
    """One batch.

    Raises:
        NotFound: if it is unknown, another business's, or at an outlet that is not theirs to see.
    """
    batch = _with_their_rules().filter(pk=batch_id, outlet_id__in=visible_outlets(actor)).first()
    if batch is None:
        raise NotFound("batch", batch_id=batch_id)
    return _seen(batch, dt.datetime.now(dt.UTC))


def require_batches_of(outlet_id: int, variations: Mapping[int, Collection[int]]) -> None:
    """Make sure that batches are what a request takes them for.

    Args:
        outlet_id: where they should lie.
        variations: what each should hold, by the batch's id.

    Raises:
        NotFound: naming the first that is another variation's, at another outlet, or unknown.
    """
    held = dict(Batch.objects.filter(pk__in=variations, outlet_id=outlet_id).values_list("id", "variation_id"))
    for batch_id, named in variations.items():
        if set(named) != {held.get(batch_id)}:
            raise NotFound("batch", batch_id=batch_id, outlet_id=outlet_id)


def variations_of_batches(batch_ids: Collection[int]) -> Mapping[int, int]:
    """What each of these batches holds, by its id; one that is not known here is left out."""
    return dict(Batch.objects.filter(pk__in=batch_ids).values_list("id", "variation_id"))


def _with_their_rules() -> QuerySet[Batch]:
    found: QuerySet[Batch] = Batch.objects.select_related("outlet", "variation__product")
    return found


def _seen(batch: Batch, now: dt.datetime) -> BatchView:
    return BatchView(batch, outlet_today(batch.outlet.timezone, now))


def _in_window(found: QuerySet[Batch], window: Window) -> Sequence[Batch]:
    """The batches of a window: the dated ones, then the undated, each through an index that may begin anywhere.

    Their ids are found first, and what is to be shown of them is read afterwards: a page never joins more than a page.
    """
    dated, undated = found.filter(expiry_date__isnull=False), found.filter(expiry_date__isnull=True)
    if window.after is None:
        stretches = [(dated, _DATED_ORDER), (undated, _UNDATED_ORDER)]
    else:
        expiry_date, *receipt = window.after
        if expiry_date == _NEVER:
            stretches = [(_beyond(undated, _UNDATED_ORDER, receipt, window), _UNDATED_ORDER)]
            stretches += [(dated, _DATED_ORDER)] if window.backwards else []
        else:
            stretches = [(_beyond(dated, _DATED_ORDER, window.after, window), _DATED_ORDER)]
            stretches += [] if window.backwards else [(undated, _UNDATED_ORDER)]
    ids: list[int] = []
    for stretch, order in stretches:
        if len(ids) < window.limit:
            directed = [f"-{name}" for name in order] if window.backwards else order
            ids += stretch.order_by(*directed).values_list("id", flat=True)[: window.limit - len(ids)]
    shown = _with_their_rules().in_bulk(ids)
    return [shown[batch_id] for batch_id in ids]


def _beyond(
    stretch: QuerySet[Batch], order: Sequence[str], key: Sequence[str | int], window: Window
) -> QuerySet[Batch]:
    """The batches that come after a key in the direction of reading."""
    side = "lt" if window.backwards else "gt"
    beyond = Q()
    for depth, name in enumerate(order):
        same = dict(zip(order[:depth], key[:depth], strict=True))
        beyond |= Q(**same, **{f"{name}__{side}": key[depth]})
    # Said twice, so that an index can begin there.
    return stretch.filter(beyond, **{f"{order[0]}__{side}e": key[0]})
