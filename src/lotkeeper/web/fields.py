"""The fields of requests and answers that every slice shares: quantities, money, ids, text."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lotkeeper.core.quantity import (
    MAX_ID,
    QUANTITY_DECIMALS,
    InvalidNumber,
    Sign,
    json_number,
    money_from,
    money_text,
    quantity_from,
)

#: Enough for every amount that can be kept, and bounded before it is read.
_MONEY_TEXT_LIMIT = 20


@extend_schema_field({"type": "number", "example": 3, "description": "Exact, at most 3 decimals and 14 digits."})
class QuantityField(serializers.Field[Decimal, Any, Any, Any]):
    """How much stock: a JSON number (never text), exact, greater than 0 unless another sign is named."""

    def __init__(self, *, sign: Sign = Sign.POSITIVE, decimals: int = QUANTITY_DECIMALS, **options: Any) -> None:
        super().__init__(**options)
        self.sign = sign
        self.decimals = decimals

    def to_internal_value(self, data: Any) -> Decimal:
        """The number of the request."""
        try:
            return quantity_from(data, sign=self.sign, decimals=self.decimals)
        except InvalidNumber as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: Decimal) -> int | float:
        """The number for the answer."""
        return json_number(value)


@extend_schema_field(
    {
        "type": "string",
        "pattern": r"^\d{1,10}(\.\d{1,4})?$",
        "example": "4.50",
        "description": "A JSON number is taken too.",
    }
)
class MoneyField(serializers.Field[Decimal, Any, Any, Any]):
    """Money in the tenant's currency: a JSON number or decimal text, from 0, at most 4 decimals. Shown as text."""

    def to_internal_value(self, data: Any) -> Decimal:
        """The amount of the request."""
        try:
            return money_from(_decimal_text(data) if isinstance(data, str) else data)
        except InvalidNumber as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: Decimal) -> str:
        """The amount for the answer."""
        return money_text(value)


@extend_schema_field({"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID})
class IdField(serializers.Field[int, Any, int, Any]):
    """The id of something: a positive whole JSON number, no text, no fraction, no true."""

    default_error_messages = {"invalid": "Must be the id of something: a whole number from 1."}

    def to_internal_value(self, data: Any) -> int:
        """The id of the request."""
        if isinstance(data, bool) or not isinstance(data, int) or not 1 <= data <= MAX_ID:
            self.fail("invalid")
        return int(data)

    def to_representation(self, value: int) -> int:
        """The id for the answer."""
        return value


class TextField(serializers.CharField):
    """Text with a bound; NUL and half characters are refused, and so are numbers in its place."""

    def __init__(self, *, max_length: int, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_internal_value(self, data: Any) -> str:
        """The text of the request."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class SwitchField(serializers.BooleanField):
    """A JSON true or false; no text, no number."""

    def to_internal_value(self, data: Any) -> bool:
        """The switch of the request."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumberField(serializers.IntegerField):
    """A whole JSON number: no text, no fraction, no true."""

    def to_internal_value(self, data: Any) -> int:
        """The number of the request."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


def _decimal_text(text: str) -> Decimal:
    # ASCII digits only: Decimal would take "١٢" and "1_000" as well.
    if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > _MONEY_TEXT_LIMIT:
        raise InvalidNumber("Must be a number such as 4.50.")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise InvalidNumber("Must be a number such as 4.50.") from error
