"""How a deduction looks in requests and answers: the plain form of one variation, and a basket."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer
from rest_framework import serializers

from lotkeeper.stock.api.lines import EventSerializer, IssueLineSerializer, lines_field
from lotkeeper.stock.api.serializers import ISSUED_KINDS
from lotkeeper.stock.policies import MovementKind
from lotkeeper.web.api import IdField, MoneyField, QuantityField, SwitchField


class _DeductionRequestSerializer(EventSerializer):
    outlet_id = IdField()
    movement_type = serializers.ChoiceField(
        choices=ISSUED_KINDS,
        default=MovementKind.SALE.value,
        help_text="`sale` and `sample` take the batch that expires first; every other kind needs a `batch_id`.",
    )
    dry_run = SwitchField(default=False, help_text="True: tell what would be taken, and take nothing.")


class DeductOneSerializer(_DeductionRequestSerializer, IssueLineSerializer):
    """One variation to deduct."""


class DeductLinesSerializer(_DeductionRequestSerializer):
    """Several variations to deduct: all of them, or none."""

    lines = lines_field(IssueLineSerializer())


class DeductionSerializer(serializers.Serializer[Any]):
    """What was taken of one batch; what follows the expiry is told when the request had ``lines``."""

    batch = serializers.CharField(help_text="The batch number.")
    quantity = QuantityField()
    expiry = serializers.DateField(allow_null=True)
    line = serializers.IntegerField(required=False, help_text="The number of the line of the request, from 1.")
    variation_id = IdField(required=False)
    batch_id = IdField(required=False)
    unit_cost = MoneyField(required=False, allow_null=True)
    override = serializers.BooleanField(
        required=False, help_text="The lot in hand went although an earlier one stood there."
    )


class DeductedSerializer(serializers.Serializer[Any]):
    """What was taken; the plain form is answered with the first two."""

    success = serializers.BooleanField()
    deductions = DeductionSerializer(many=True)
    operation_id = IdField(required=False, allow_null=True, help_text="Null for a dry run.")
    replayed = serializers.BooleanField(required=False, help_text="It was posted before this request.")
    dry_run = serializers.BooleanField(required=False, help_text="Only when nothing was taken because you asked so.")


EXAMPLES: Final = [
    OpenApiExample(
        "One variation",
        value={
            "variation_id": 421,
            "quantity": 5,
            "outlet_id": 1,
            "movement_type": "sale",
            "reason": "Sale order #12345",
            "reference_id": "order_12345",
        },
        request_only=True,
    ),
    OpenApiExample(
        "A basket",
        value={
            "outlet_id": 1,
            "lines": [{"variation_id": 421, "quantity": 5}, {"variation_id": 77, "quantity": 1, "batch_id": 9}],
            "reference_id": "order_12346",
        },
        request_only=True,
    ),
    OpenApiExample(
        "One variation",
        value={
            "success": True,
            "deductions": [
                {"batch": "BATCH-001", "quantity": 3, "expiry": "2026-02-15"},
                {"batch": "BATCH-002", "quantity": 2, "expiry": "2026-03-01"},
            ],
        },
        response_only=True,
        status_codes=["200"],
    ),
]


EITHER_FORM: Final = PolymorphicProxySerializer(
    component_name="Deduct", serializers=[DeductOneSerializer, DeductLinesSerializer], resource_type_field_name=None
)
