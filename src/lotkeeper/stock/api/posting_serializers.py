"""What receipts, corrections, returns and reversals look like in requests."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from lotkeeper.stock.api.base import REFERENCE_LIMIT
from lotkeeper.stock.api.fields import ExpiryDateField
from lotkeeper.stock.api.lines import (
    BatchLineSerializer,
    EventSerializer,
    SignedBatchLineSerializer,
    VariationLineSerializer,
    WhySerializer,
    lines_field,
)
from lotkeeper.stock.api.serializers import ARRIVAL_KINDS, RETURN_KINDS, WRITTEN_OFF_KINDS
from lotkeeper.stock.policies import MovementKind
from lotkeeper.web.api import IdField, MoneyField, QuantityField, SwitchField, TextField

_BATCH_NUMBER_LIMIT: Final = 100


class ReceiptLineSerializer(VariationLineSerializer):
    """Goods that arrive: so much of a variation under a batch number, with its expiry and cost."""

    batch_number = TextField(max_length=_BATCH_NUMBER_LIMIT, help_text="As printed on the goods.")
    expiry_date = ExpiryDateField(allow_null=True, default=None)
    unit_cost = MoneyField(allow_null=True, default=None, help_text="Of one base unit, also when packs arrive.")


class ReceiveSerializer(EventSerializer):
    """A delivery, or the stock that a shop starts with."""

    outlet_id = IdField()
    movement_type = serializers.ChoiceField(choices=ARRIVAL_KINDS, default=MovementKind.PURCHASE.value)
    lines = lines_field(ReceiptLineSerializer())
    confirm = SwitchField(
        default=False,
        help_text="True: somebody looked at what seemed wrong (409 `confirmation_needed`), and it is right.",
    )


class AdjustSerializer(EventSerializer):
    """A correction of the book."""

    reason = TextField(max_length=500)
    lines = lines_field(SignedBatchLineSerializer())


class WriteOffSerializer(EventSerializer):
    """Stock that cannot be sold any more."""

    reason = TextField(max_length=500)
    movement_type = serializers.ChoiceField(choices=WRITTEN_OFF_KINDS)
    lines = lines_field(BatchLineSerializer())


class ReturnLineSerializer(serializers.Serializer[Any]):
    """So much of a batch; or, of a sale that is named, so much of a variation."""

    quantity = QuantityField(help_text="In the base unit, or in packs when `pack_id` is given.")
    batch_id = IdField(allow_null=True, default=None)
    variation_id = IdField(allow_null=True, default=None)
    pack_id = IdField(allow_null=True, default=None, help_text="A pack of the variation.")


class ReturnSerializer(EventSerializer):
    """Goods that come back from a customer or go back to a supplier."""

    movement_type = serializers.ChoiceField(choices=RETURN_KINDS)
    sale_operation_id = IdField(allow_null=True, default=None, help_text="The sale that is given back, wholly or not.")
    sale_reference_id = TextField(
        max_length=REFERENCE_LIMIT, allow_null=True, default=None, help_text="The same, by its `reference_id`."
    )
    lines = lines_field(ReturnLineSerializer())


class ReversalSerializer(WhySerializer):
    """A mistake to undo."""

    operation_id = IdField(help_text="The operation that was a mistake.")
    reason = TextField(max_length=500)


_EXAMPLES: Final = {
    "receive": {
        "outlet_id": 1,
        "reference_id": "delivery_881",
        "lines": [
            {
                "variation_id": 421,
                "quantity": 3,
                "pack_id": 12,
                "batch_number": "BATCH-003",
                "expiry_date": "03/2027",
                "unit_cost": "1.20",
            }
        ],
    },
    "adjust": {"reason": "Found behind the shelf", "lines": [{"batch_id": 10, "quantity": 2}]},
    "write-off": {
        "movement_type": "damage",
        "reason": "Dropped while unpacking",
        "lines": [{"batch_id": 10, "quantity": 1}],
    },
    "returns": {
        "movement_type": "customer_return",
        "sale_reference_id": "order_12345",
        "reason": "Wrong strength",
        "lines": [{"variation_id": 421, "quantity": 1}],
    },
}


def example(name: str) -> list[OpenApiExample]:
    return [OpenApiExample(name.capitalize(), value=_EXAMPLES[name], request_only=True)]
