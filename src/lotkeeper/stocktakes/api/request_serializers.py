"""What stock takes look like in requests."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer
from rest_framework import serializers

from lotkeeper.core.quantity import Sign
from lotkeeper.stock.api.fields import ExpiryDateField, IdInAddressField, InstantField, TrueOrFalseField
from lotkeeper.stock.api.lines import ReferenceSerializer
from lotkeeper.stocktakes.api.fields import ClientIdField
from lotkeeper.stocktakes.models import NOTES_LIMIT, PLACE_LIMIT, REASON_LIMIT, CountScope, StockTakeStatus
from lotkeeper.stocktakes.operations import MAX_ASSIGNEES, MAX_LISTED, MAX_OBSERVATIONS
from lotkeeper.web.api import IdField, MoneyField, QuantityField, SwitchField, TextField, WholeNumberField

_MAX_ROUND: Final = 32_767
DIFFERENCES, UNAPPROVED = "differences", "unapproved"


def ids_field(limit: int, help_text: str) -> serializers.ListField:
    """A bounded list of ids, empty when left out."""
    return serializers.ListField(child=IdField(), default=list, max_length=limit, help_text=help_text)


class StockTakeFilterSerializer(serializers.Serializer[Any]):
    """Which stock takes to list."""

    outlet_id = IdInAddressField(required=False)
    status = serializers.ChoiceField(choices=StockTakeStatus.choices, required=False)
    assigned_to_me = TrueOrFalseField(default=False, help_text="Only those that were given to the one who asks.")


class CountedItemSerializer(serializers.Serializer[Any]):
    """So much of one batch was counted just now."""

    batch_id = IdField()
    physical_count = QuantityField(sign=Sign.NOT_NEGATIVE, help_text="All of it, in the base unit; 0 if none is there.")
    variance_reason = TextField(
        max_length=REASON_LIMIT, allow_blank=True, default="", help_text="Why it differs, as far as is known."
    )


class NewStockTakeSerializer(ReferenceSerializer):
    """A count to open, with what was counted already, if anything was."""

    outlet_id = IdField()
    items = serializers.ListField(child=CountedItemSerializer(), default=list, max_length=MAX_LISTED)
    scope = serializers.ChoiceField(
        choices=CountScope.choices,
        required=False,
        help_text="What is to be counted. Left out: the list, if anything is listed, and all of the outlet otherwise.",
    )
    category_id = IdField(allow_null=True, default=None, help_text="For the scope `category`.")
    supplier_id = IdField(allow_null=True, default=None, help_text="For the scope `supplier`.")
    batch_ids = ids_field(MAX_LISTED, "For the scope `list`: the variations of these batches, beside those of `items`.")
    variation_ids = ids_field(MAX_LISTED, "For the scope `list`.")
    blind = SwitchField(default=False, help_text="True: who counts does not see what the book says.")
    uncounted_is_zero = SwitchField(
        default=False, help_text="True: what is in scope and was not found by the end is not there."
    )
    assignee_ids = ids_field(MAX_ASSIGNEES, "Who counts. Nobody named: whoever may count there.")
    notes = TextField(max_length=NOTES_LIMIT, allow_blank=True, default="")

    def validate_items(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Refuse two counts of one batch: nobody could say which holds."""
        if len({item["batch_id"] for item in items}) < len(items):
            raise serializers.ValidationError("A batch is there twice. Add the two counts together.")
        return items


class NotesSerializer(serializers.Serializer[Any]):
    """The remark on a stock take."""

    notes = TextField(max_length=NOTES_LIMIT, allow_blank=True)


class ObservationSerializer(serializers.Serializer[Any]):
    """So much of one batch was seen at one place: of a batch by its id, or by what is written on the goods."""

    batch_id = IdField(allow_null=True, default=None)
    variation_id = IdField(allow_null=True, default=None, help_text="With what is written on the goods.")
    batch_number = TextField(max_length=100, allow_blank=True, default="", help_text="As printed on the goods.")
    expiry_date = ExpiryDateField(allow_null=True, default=None)
    unit_cost = MoneyField(allow_null=True, default=None, help_text="Of one base unit, if the batch is new.")
    quantity = QuantityField(
        sign=Sign.NOT_NEGATIVE, help_text="In the base unit, or in packs when `pack_id` is given; 0 if none is there."
    )
    pack_id = IdField(allow_null=True, default=None, help_text="A pack of the variation; it counts as its factor.")
    counted_at = InstantField(allow_null=True, default=None, help_text="By the device's clock; null for now.")
    client_id = ClientIdField(
        allow_null=True, default=None, help_text="Made by the device: what is sent again under it is kept once."
    )
    place = TextField(
        max_length=PLACE_LIMIT, allow_blank=True, default="", help_text="Of one place the latest holds; places add up."
    )
    round = WholeNumberField(
        min_value=1, max_value=_MAX_ROUND, allow_null=True, default=None, help_text="Null: the line's present one."
    )
    variance_reason = TextField(max_length=REASON_LIMIT, allow_blank=True, default="")


class SentAtSerializer(serializers.Serializer[Any]):
    """When a device sends what it has."""

    sent_at = InstantField(
        allow_null=True,
        default=None,
        help_text="The device's clock as it sends this; if it is wrong, every `counted_at` is put right by as much.",
    )


class OneObservationSerializer(ObservationSerializer, SentAtSerializer):
    """One observation."""


class ObservationsSerializer(SentAtSerializer):
    """Many observations: all of them are kept, or none."""

    observations = serializers.ListField(child=ObservationSerializer(), allow_empty=False, max_length=MAX_OBSERVATIONS)


class ItemsSerializer(serializers.Serializer[Any]):
    """Lines of a stock take."""

    item_ids = serializers.ListField(child=IdField(), allow_empty=False, max_length=MAX_OBSERVATIONS)


class ApprovalSerializer(serializers.Serializer[Any]):
    """Which differences somebody stands for."""

    item_ids = serializers.ListField(
        child=IdField(),
        allow_null=True,
        default=None,
        allow_empty=False,
        max_length=MAX_OBSERVATIONS,
        help_text="Null: all that need it.",
    )


class LinesFilterSerializer(serializers.Serializer[Any]):
    """Which lines to list."""

    only = serializers.ChoiceField(
        choices=[DIFFERENCES, UNAPPROVED],
        required=False,
        help_text="Those that differ from the book, or those whose difference nobody approved yet.",
    )


class ObservationFilterSerializer(serializers.Serializer[Any]):
    """Of which line to list what was seen."""

    item_id = IdInAddressField(required=False)


ONE_OR_MANY: Final = PolymorphicProxySerializer(
    component_name="Count",
    serializers=[OneObservationSerializer, ObservationsSerializer],
    resource_type_field_name=None,
)
STOCK_TAKE_EXAMPLE: Final = OpenApiExample(
    "Counted just now",
    value={
        "outlet_id": 1,
        "items": [{"batch_id": 10, "physical_count": 45, "variance_reason": "Found in stockroom"}],
    },
    request_only=True,
)
