"""How numbers, money and dates are written for people. Known in every template without loading."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_currency, format_currency, format_decimal
from django import template
from django.utils import timezone
from django.utils.translation import get_language

from lotkeeper.core.quantity import QUANTITY_DECIMALS

register = template.Library()

#: What stands where there is nothing to tell.
NOTHING = "\N{EN DASH}"


@register.filter
def quantity(value: Decimal | int | None) -> str:
    """A quantity as people write it: 1,250 or 0.5, and never 0.500."""
    if value is None:
        return NOTHING
    return str(format_decimal(value, format=f"#,##0.{'#' * QUANTITY_DECIMALS}", locale=_locale()))


@register.filter
def signed(value: Decimal) -> str:
    """A change with its sign, which is a minus and not a hyphen."""
    shown = quantity(abs(value))
    return f"+{shown}" if value > 0 else f"\N{MINUS SIGN}{shown}" if value < 0 else shown


@register.filter
def plain(value: Decimal | None) -> str:
    """A number for a form's field: as it would be typed, without zeros at its end."""
    return "" if value is None else f"{Decimal(value).normalize():f}"


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """An amount in the business's currency, to its smallest coin."""
    return NOTHING if amount is None else str(format_currency(amount, currency, locale=_locale()))


@register.filter
def unit_cost(amount: Decimal | None, currency: str) -> str:
    """What one unit costs: parts of the smallest coin are shown if there are any."""
    if amount is None or amount == round(amount, 2):
        return money(amount, currency)
    pattern = str(_locale().currency_formats["standard"].pattern).replace("0.00", "0.0000")
    return str(format_currency(amount, currency, format=pattern, currency_digits=False, locale=_locale()))


@register.filter
def short_money(amount: Decimal, currency: str) -> str:
    """An amount where there is little room: €12K."""
    return str(format_compact_currency(amount, currency, locale=_locale(), fraction_digits=1))


@register.filter
def day(value: dt.date | None) -> str:
    """A date: 3 Dec 2026."""
    return NOTHING if value is None else str(format_date(value, format="d MMM y", locale=_locale()))


@register.filter
def short_day(value: dt.date) -> str:
    """A date of this year or nearly: 3 Dec."""
    return str(format_date(value, format="d MMM", locale=_locale()))


@register.filter
def moment(value: dt.datetime) -> str:
    """A moment by the clock of the business: 3 Dec 2026, 14:05."""
    return str(format_datetime(timezone.localtime(value), format="d MMM y, HH:mm", locale=_locale()))


@register.simple_tag
def current(path: str, address: str) -> bool:
    """Whether the page shown is the one a link leads to, or below it."""
    return path == address or (address != "/" and path.startswith(address))


def _locale() -> Locale:
    try:
        return Locale.parse(get_language() or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
