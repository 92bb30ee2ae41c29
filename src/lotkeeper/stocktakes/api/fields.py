"""The fields that requests and answers about counts share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from lotkeeper.core.quantity import money_text


@extend_schema_field(OpenApiTypes.UUID)
class ClientIdField(serializers.Field[UUID, Any, str, Any]):
    """A device's own number for what it sends: a UUID as text."""

    default_error_messages = {"invalid": "Must be a UUID."}

    def to_internal_value(self, data: Any) -> UUID:
        """The number of the request."""
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return UUID(data)
        except ValueError:
            self.fail("invalid")

    def to_representation(self, value: UUID) -> str:
        """The number for the answer."""
        return str(value)


@extend_schema_field({"type": "string", "pattern": r"^-?\d+(\.\d{1,4})?$", "example": "-4.50"})
class ValueField(serializers.Field[Decimal, Any, str, Any]):
    """What a difference is worth, as money for an answer: negative when goods are missing."""

    def to_representation(self, value: Decimal) -> str:
        """The amount for the answer."""
        return money_text(value)
