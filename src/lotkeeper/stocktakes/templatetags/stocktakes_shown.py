"""How counts are told to people."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import format_percent
from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lotkeeper.stocktakes.models import StockTakeStatus
from lotkeeper.stocktakes.policies import Certainty
from lotkeeper.web.templatetags.shown import NOTHING

register = template.Library()


@register.filter
def state_words(status: str) -> str:
    """How far a stock take has come."""
    words = {
        StockTakeStatus.DRAFT: _("Being counted"),
        StockTakeStatus.COMPLETED: _("Counted"),
        StockTakeStatus.RECONCILED: _("Posted"),
        StockTakeStatus.CANCELLED: _("Given up"),
    }
    return words[StockTakeStatus(status)]


@register.filter
def certainty_words(certainty: str) -> str:
    """How surely something explains a difference."""
    words = {Certainty.LIKELY: _("Likely"), Certainty.POSSIBLE: _("Possible"), Certainty.HINT: _("Hint")}
    return words[Certainty(certainty)]


@register.filter
def percent(share: Decimal | None) -> str:
    """A share of one: 98.5 %."""
    locale = (get_language() or "en").replace("-", "_")
    return NOTHING if share is None else str(format_percent(share, format="#,##0.0%", locale=locale))
