"""Expiry dates as they are typed, and whether they can be true."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_MONTH_FIRST = re.compile(r"(?P<month>[0-9]{1,2})[/.\-](?P<year>[0-9]{4}|[0-9]{2})")
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})[/.\-](?P<month>[0-9]{1,2})")
_ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})")
_DOTTED_DAY = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})")

#: An expiry outside these years is a slip of the keyboard.
_FIRST_YEAR, _LAST_YEAR = 2000, 2199
#: Past by more than this, the year is probably wrong; less, and the goods really did arrive late.
_LONG_PAST_DAYS = 365
#: A quarter over the usual shelf life, and a month at least, is still ordinary variation.
_SHELF_LIFE_SLACK = 4
_SHELF_LIFE_SLACK_MIN_DAYS = 31
#: Without a usual shelf life: hardly anything on a shelf is dated more than ten years ahead.
_UNKNOWN_SHELF_LIFE_DAYS = 3653


def last_day_of_month(year: int, month: int) -> dt.date:
    """The last day of a month, which is what a date without a day means.

    Raises:
        ValueError: if there is no such month.
    """
    if not 1 <= month <= 12:  # noqa: PLR2004  # months of the year
        message = f"there is no month {month}"
        raise ValueError(message)
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def month_or_date(text: str) -> dt.date:
    """Read an expiry date as people type it: a day (2027-03-31, 31.03.2027) or a month (03/2027, 2027-03, 03/27).

    A month means its last day. A day written with slashes is not read, since 03/04/2027 is two days in two countries.

    Raises:
        ValueError: when the text is no such date.
    """
    stripped = text.strip()
    for shape in (_ISO_DAY, _DOTTED_DAY, _YEAR_FIRST, _MONTH_FIRST):
        match = shape.fullmatch(stripped)
        if match is not None:
            break
    else:
        message = "write the day as 2027-03-31 or the month as 03/2027"
        raise ValueError(message)
    parts = {name: int(digits) for name, digits in match.groupdict().items()}
    year = parts["year"] if len(match["year"]) == len("2027") else 2000 + parts["year"]
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        message = f"the year must be between {_FIRST_YEAR} and {_LAST_YEAR}"
        raise ValueError(message)
    return dt.date(year, parts["month"], parts["day"]) if "day" in parts else last_day_of_month(year, parts["month"])


@dataclass(frozen=True, slots=True)
class ExpiryWarning:
    """Something about an expiry date that a person should confirm."""

    code: str
    sentence: str


def expiry_warnings(
    expiry_date: dt.date | None,
    today: dt.date,
    usual_shelf_life_days: int | None,
    existing_dates_for_same_number: Collection[dt.date | None],
) -> Sequence[ExpiryWarning]:
    """What looks wrong about an expiry date on arrival: reasons to ask once more, never to refuse.

    Args:
        expiry_date: as entered; None for stock without a date.
        today: the outlet's local date.
        usual_shelf_life_days: how long a fresh one lasts, when known.
        existing_dates_for_same_number: the dates of batches of this variation with the same batch number.
    """
    warnings: list[ExpiryWarning] = []
    others = sorted(date for date in existing_dates_for_same_number if date is not None)
    if existing_dates_for_same_number and expiry_date not in existing_dates_for_same_number:
        known = others[0].isoformat() if others else "no expiry date"
        warnings.append(
            ExpiryWarning("same_number_other_date", f"A batch with this number is already known with {known}.")
        )
    if expiry_date is None:
        return warnings
    latest_usual = _latest_usual(today, usual_shelf_life_days)
    past, far = expiry_date < today, expiry_date > latest_usual
    if past:
        days = (today - expiry_date).days
        code = "long_past" if days > _LONG_PAST_DAYS else "already_expired"
        warnings.append(ExpiryWarning(code, f"{expiry_date.isoformat()} was {days} days ago."))
    if far:
        usual = f"this product usually expires by {latest_usual.isoformat()}"
        warnings.append(
            ExpiryWarning("beyond_shelf_life", f"{expiry_date.isoformat()} is later than expected; {usual}.")
        )
    swapped = _day_and_month_swapped(expiry_date)
    if swapped is not None and (swapped in others or ((past or far) and today <= swapped <= latest_usual)):
        sentence = f"Day and month may be swapped: is it {swapped.isoformat()}?"
        warnings.append(ExpiryWarning("day_and_month_swapped", sentence))
    return warnings


def _latest_usual(today: dt.date, usual_shelf_life_days: int | None) -> dt.date:
    if usual_shelf_life_days is None:
        return today + dt.timedelta(days=_UNKNOWN_SHELF_LIFE_DAYS)
    slack = max(usual_shelf_life_days // _SHELF_LIFE_SLACK, _SHELF_LIFE_SLACK_MIN_DAYS)
    return today + dt.timedelta(days=usual_shelf_life_days + slack)


def _day_and_month_swapped(date: dt.date) -> dt.date | None:
    """The other reading of a date such as 04/05, or None when there is only one."""
    if date.day == date.month or date.day > 12:  # noqa: PLR2004  # months of the year
        return None
    return date.replace(month=date.day, day=date.month)
