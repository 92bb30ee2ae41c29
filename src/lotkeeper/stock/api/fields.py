"""What requests about stock are written in: instants, expiry dates, and values in an address."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lotkeeper.catalog.policies import month_or_date
from lotkeeper.core.quantity import MAX_ID

#: Longer than any date or instant that can be meant.
_TEXT_LIMIT = 40


@extend_schema_field({"type": "string", "format": "date-time", "example": "2026-11-22T10:00:00Z"})
class InstantField(serializers.Field[dt.datetime, Any, str, Any]):
    """A moment with its time zone; one without would mean another moment in each shop."""

    default_error_messages = {
        "invalid": "Must be a moment such as 2026-11-22T10:00:00Z.",
        "no_zone": "Name the time zone, such as 2026-11-22T10:00:00Z.",
    }

    def to_internal_value(self, data: Any) -> dt.datetime:
        """The moment of the request, in UTC."""
        if not isinstance(data, str) or len(data) > _TEXT_LIMIT:
            self.fail("invalid")
        try:
            # In an address a plus sign that was not escaped arrives as a space.
            moment = parse_datetime(data.strip().replace(" ", "+") if "T" in data else data.strip())
            if moment is None:
                self.fail("invalid")
            if moment.tzinfo is None:
                self.fail("no_zone")
            return moment.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")

    def to_representation(self, value: dt.datetime) -> str:
        """The moment for the answer."""
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


@extend_schema_field(
    {
        "type": "string",
        "pattern": r"^(\d{4}-\d{2}(-\d{2})?|\d{2}/\d{4})$",
        "example": "2027-03-31",
        "description": "A day (2027-03-31), or a month (2027-03, 03/2027), which means its last day.",
    }
)
class ExpiryDateField(serializers.Field[dt.date, Any, str, Any]):
    """An expiry date as printed on goods."""

    default_error_messages = {"invalid": "Write the day as 2027-03-31 or the month as 03/2027."}

    def to_internal_value(self, data: Any) -> dt.date:
        """The date of the request; a month is its last day."""
        if not isinstance(data, str) or len(data) > _TEXT_LIMIT:
            self.fail("invalid")
        try:
            return month_or_date(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: dt.date) -> str:
        """The date for the answer."""
        return value.isoformat()


class IdInAddressField(serializers.IntegerField):
    """``?outlet_id=3``: an id in an address; what no id can be is refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_ID, **options)


class TrueOrFalseField(serializers.ChoiceField):
    """``?in_stock=true``; anything but true and false is refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=["true", "false"], **options)

    def to_internal_value(self, data: Any) -> Any:
        """Whether it says true."""
        return super().to_internal_value(data) == "true"
