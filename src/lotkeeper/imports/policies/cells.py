"""What a cell of a table says. Every cell arrives as text, however the file kept it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

from lotkeeper.catalog.policies import month_or_date
from lotkeeper.core.quantity import InvalidNumber, Sign, money_from, quantity_from

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:(?P<mark>[.,])(?P<fraction>[0-9]{1,12}))?")
_TIME = r"(?:[T ]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.[0-9]+)?)?)?"
_ISO = re.compile(rf"(?P<year>[0-9]{{4}})-(?P<month>[0-9]{{1,2}})-(?P<day>[0-9]{{1,2}}){_TIME}")
_DOTTED = re.compile(rf"(?P<day>[0-9]{{1,2}})\.(?P<month>[0-9]{{1,2}})\.(?P<year>[0-9]{{4}}){_TIME}")
_MONTH_FIRST = re.compile(rf"(?P<month>[0-9]{{1,2}})/(?P<day>[0-9]{{1,2}})/(?P<year>[0-9]{{4}}){_TIME}")
_DAY_FIRST = re.compile(rf"(?P<day>[0-9]{{1,2}})/(?P<month>[0-9]{{1,2}})/(?P<year>[0-9]{{4}}){_TIME}")
_THOUSAND = 3


class InvalidCell(ValueError):
    """The cell cannot be used; the message says why."""


class DateOrder(StrEnum):
    """What 03/04/2027 means; without it such a date is refused, since it is two days in two countries."""

    MONTH_FIRST = "month-first"
    DAY_FIRST = "day-first"


def number(text: str) -> Decimal:
    """A number, with a point or a comma before the decimals.

    Raises:
        InvalidCell: if it is none, or could be two ("1,234").
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InvalidCell("is not a number")
    if match["mark"] == "," and len(match["fraction"]) == _THOUSAND:
        raise InvalidCell("could be a thousand or a decimal; write it with a point or without")
    return Decimal(text.replace(",", "."))


def quantity(text: str) -> Decimal:
    """A quantity of stock: greater than 0, at most 3 decimals.

    Raises:
        InvalidCell: otherwise.
    """
    return _exact(text, quantity_from)


def quantity_or_zero(text: str) -> Decimal:
    """A level of stock, such as a reorder point: 0 or more.

    Raises:
        InvalidCell: otherwise.
    """
    return _exact(text, lambda value: quantity_from(value, sign=Sign.NOT_NEGATIVE))


def signed_quantity(text: str) -> Decimal:
    """A quantity that came or went: not 0, at most 3 decimals.

    Raises:
        InvalidCell: otherwise.
    """
    return _exact(text, lambda value: quantity_from(value, sign=Sign.NOT_ZERO))


def money(text: str) -> Decimal:
    """A price or a cost: 0 or more, at most 4 decimals.

    Raises:
        InvalidCell: otherwise.
    """
    return _exact(text, money_from)


def whole_number(text: str) -> int:
    """A whole number, 0 or more.

    Raises:
        InvalidCell: otherwise.
    """
    value = number(text)
    if value < 0 or value != value.to_integral_value():
        raise InvalidCell("must be a whole number, 0 or more")
    return int(value)


def text_up_to(limit: int) -> Callable[[str], str]:
    """A reader of texts that fit their column."""

    def read(text: str) -> str:
        if len(text) > limit:
            message = f"has more than {limit} characters"
            raise InvalidCell(message)
        if not text.isprintable():
            raise InvalidCell("holds characters that cannot be kept")
        return text

    return read


def expiry(text: str) -> dt.date:
    """An expiry date: a day, or a month, which means its last day.

    Raises:
        InvalidCell: otherwise.
    """
    # A sheet keeps a day as midnight of it.
    day = text.removesuffix("T00:00:00").removesuffix(" 00:00:00")
    try:
        return month_or_date(day)
    except ValueError as error:
        raise InvalidCell(str(error)) from error


def instants(order: DateOrder | None) -> Callable[[str], dt.datetime]:
    """A reader of days with or without a time, as the clock on the wall showed it."""
    shapes = [_ISO, _DOTTED]
    if order is not None:
        shapes.append(_MONTH_FIRST if order is DateOrder.MONTH_FIRST else _DAY_FIRST)

    def read(text: str) -> dt.datetime:
        match = next((found for shape in shapes if (found := shape.fullmatch(text))), None)
        if match is None:
            if order is None and _DAY_FIRST.fullmatch(text):
                raise InvalidCell("is two days in two countries; say which with --dates day-first or month-first")
            raise InvalidCell("is not a date such as 2027-03-31 or 2027-03-31 14:05")
        try:
            return dt.datetime(**{part: int(digits or 0) for part, digits in match.groupdict().items()})  # type: ignore[arg-type]  # noqa: DTZ001  # the wall clock's; the outlet's zone is put to it later
        except ValueError as error:
            raise InvalidCell("is not a day there ever was") from error

    return read


def _exact(text: str, check: Callable[[Decimal], Decimal]) -> Decimal:
    try:
        return check(number(text))
    except InvalidNumber as error:
        sentence = str(error)
        raise InvalidCell(sentence[0].lower() + sentence[1:].rstrip(".")) from error
