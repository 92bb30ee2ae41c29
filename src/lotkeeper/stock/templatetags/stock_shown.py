"""Batches as people see them: how long they have left, and the ribbon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from lotkeeper.stock.models import Batch
from lotkeeper.stock.policies import BatchStatus, MovementKind, OperationKind
from lotkeeper.stock.queries import BatchView
from lotkeeper.stock.ribbon import TimeLeft, ribbon, time_left
from lotkeeper.web.forms import PAGE_REFERENCE
from lotkeeper.web.templatetags.shown import NOTHING, day, quantity

register = template.Library()

_TONES: Final = {TimeLeft.NONE: "bad", TimeLeft.SHORT: "warn", TimeLeft.MID: "warn", TimeLeft.LONG: "ok"}
_STATUSES: Final = {
    BatchStatus.AVAILABLE: gettext_lazy("Available"),
    BatchStatus.HELD: gettext_lazy("Held"),
    BatchStatus.RECALLED: gettext_lazy("Recalled"),
    BatchStatus.ARCHIVED: gettext_lazy("Archived"),
}
_MOVEMENTS: Final = {
    MovementKind.OPENING: gettext_lazy("Opening stock"),
    MovementKind.PURCHASE: gettext_lazy("Received"),
    MovementKind.SALE: gettext_lazy("Sold"),
    MovementKind.CUSTOMER_RETURN: gettext_lazy("Customer return"),
    MovementKind.SUPPLIER_RETURN: gettext_lazy("Returned to supplier"),
    MovementKind.DAMAGE: gettext_lazy("Damaged"),
    MovementKind.EXPIRY: gettext_lazy("Expired, written off"),
    MovementKind.THEFT: gettext_lazy("Stolen"),
    MovementKind.SAMPLE: gettext_lazy("Sample"),
    MovementKind.TRANSFER_OUT: gettext_lazy("Sent to another outlet"),
    MovementKind.TRANSFER_IN: gettext_lazy("Arrived from another outlet"),
    MovementKind.ADJUSTMENT: gettext_lazy("Adjusted"),
    MovementKind.REVERSAL: gettext_lazy("Reversed"),
    MovementKind.AMEND: gettext_lazy("Batch corrected"),
}
_FIELDS: Final = {
    "batch_number": gettext_lazy("number"),
    "expiry_date": gettext_lazy("expiry"),
    "unit_cost": gettext_lazy("unit cost"),
    "status": gettext_lazy("state"),
}


@register.filter
def time_words(view: BatchView) -> str:
    """How long a batch has left, in words: state is never told by colour alone."""
    left = view.days_left
    if left is None:
        return _("No date")
    if left < 0:
        return ngettext("Expired %(days)s d ago", "Expired %(days)s d ago", -left) % {"days": quantity(-left)}
    if view.is_expired:
        return _("Too late to sell")
    if left == 0:
        return _("Last day")
    return ngettext("%(days)s d left", "%(days)s d left", left) % {"days": quantity(left)}


@register.filter
def time_tone(view: BatchView) -> str:
    """The tone of the badge that says it."""
    return _TONES.get(time_left(view), "")


@register.filter
def status_words(status: str) -> str:
    """Whether a batch may be sold, in words."""
    return str(_STATUSES[BatchStatus(status)])


@register.filter
def movement_words(kind: str) -> str:
    """What happened, in words."""
    if kind == OperationKind.STOCK_TAKE:
        return _("Counted")
    return str(_MOVEMENTS[MovementKind(kind)])


@register.filter
def amendment_words(amendment: Mapping[str, Sequence[Any]]) -> str:
    """What was corrected on a batch: expiry 2027-01-31 → 2027-03-31."""
    return ", ".join(
        f"{_FIELDS.get(name, name)} {old or NOTHING} → {new or NOTHING}" for name, (old, new) in amendment.items()
    )


@register.filter
def batch_words(view: BatchView) -> str:
    """A batch in one line: 24 of lot B12, 3 Dec 2026, 8 d left."""
    told = {"quantity": quantity(view.batch.quantity), "lot": view.batch.batch_number}
    return f"{_('%(quantity)s of lot %(lot)s') % told}, {day(view.batch.expiry_date)}, {time_words(view)}"


@register.filter
def cost(batch: Batch) -> Decimal | None:
    """What a lot's stock cost; None when nobody knows."""
    return None if batch.unit_cost is None else batch.quantity * batch.unit_cost


@register.filter
def own_reference(reference_id: str | None) -> bool:
    """Whether somebody gave the reference, and not a page by itself."""
    return reference_id is not None and not reference_id.startswith(PAGE_REFERENCE)


@register.inclusion_tag("stock/ribbon.html")
def fefo_ribbon(
    views: Sequence[BatchView], taken: Mapping[int, Decimal] | None = None, size: str = ""
) -> Mapping[str, Any]:
    """The bar of some batches."""
    return {"segments": ribbon(views, taken), "is_going": taken is not None, "size": size, "views": views}
