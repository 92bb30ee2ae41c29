"""How stock takes look in requests and answers. What the book says is null for whoever may not see it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, PolymorphicProxySerializer, extend_schema_field
from rest_framework import serializers

from lotkeeper.catalog.api.serializers import ScanSerializer
from lotkeeper.core.quantity import Sign, money_text
from lotkeeper.stock.api.fields import ExpiryDateField, IdInAddressField, InstantField, TrueOrFalseField
from lotkeeper.stock.api.lines import ReferenceSerializer
from lotkeeper.stock.api.serializers import BATCH_STATUSES
from lotkeeper.stocktakes.models import NOTES_LIMIT, PLACE_LIMIT, REASON_LIMIT, CountScope, StockTakeStatus
from lotkeeper.stocktakes.operations import MAX_ASSIGNEES, MAX_LISTED, MAX_OBSERVATIONS
from lotkeeper.web.api import IdField, MoneyField, QuantityField, SwitchField, TextField, WholeNumberField

_MAX_ROUND: Final = 32_767
DIFFERENCES, UNAPPROVED = "differences", "unapproved"


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


class StockTakeSerializer(serializers.Serializer[Any]):
    """A stock take."""

    id = IdField()
    outlet_id = IdField()
    status = serializers.ChoiceField(choices=StockTakeStatus.choices)
    date = serializers.DateField(help_text="The day it was opened, at the outlet.")
    scope = serializers.ChoiceField(choices=CountScope.choices)
    category_id = IdField(allow_null=True)
    supplier_id = IdField(allow_null=True)
    blind = serializers.BooleanField()
    uncounted_is_zero = serializers.BooleanField()
    assignee_ids = serializers.SerializerMethodField()
    notes = serializers.CharField(allow_blank=True)
    tolerance_units = QuantityField(
        allow_null=True, help_text="A larger difference of a line needs a second person. Null: none does."
    )
    tolerance_value = MoneyField(allow_null=True, help_text="The same in money.")
    reference_id = serializers.CharField(allow_null=True)
    user_id = IdField(help_text="Who opened it.")
    created_at = InstantField()
    completed_at = InstantField(allow_null=True)
    reconciled_at = InstantField(allow_null=True)
    reconciled_by_id = IdField(allow_null=True)
    operation_id = IdField(allow_null=True, help_text="What was posted; null until it is.")

    def get_assignee_ids(self, take: Any) -> list[int]:
        """Who is to count."""
        return sorted(assignee.user_id for assignee in take.assignees.all())


class SummarySerializer(serializers.Serializer[Any]):
    """A stock take in figures, over its lines. Net lets +2 and -2 cancel, absolute does not."""

    lines = serializers.IntegerField()
    counted = serializers.IntegerField()
    to_count = serializers.IntegerField(help_text="Batches in scope with stock that nobody has counted.")
    awaiting_recount = serializers.IntegerField()
    differing = serializers.IntegerField(allow_null=True)
    needing_approval = serializers.IntegerField(allow_null=True)
    book_units = QuantityField(allow_null=True, help_text="What the book said of the counted lines.")
    net_units = QuantityField(allow_null=True)
    absolute_units = QuantityField(allow_null=True)
    net_value = ValueField(allow_null=True, help_text="Of the lines whose cost is known.")
    absolute_value = ValueField(allow_null=True)
    accuracy_net = serializers.FloatField(allow_null=True, help_text="1: no difference. Null for an empty book.")
    accuracy_absolute = serializers.FloatField(allow_null=True)


class StockTakeInFullSerializer(StockTakeSerializer):
    """A stock take with its figures."""

    sees_book = serializers.BooleanField(help_text="False: what the book says is null for the one who asks.")
    summary = SummarySerializer()


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


ONE_OR_MANY: Final = PolymorphicProxySerializer(
    component_name="Count",
    serializers=[OneObservationSerializer, ObservationsSerializer],
    resource_type_field_name=None,
)


class RecordedSerializer(serializers.Serializer[Any]):
    """What became of observations."""

    recorded = serializers.IntegerField(help_text="Kept now.")
    known = serializers.IntegerField(help_text="Sent before, and kept then.")


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


class ReconciledSerializer(serializers.Serializer[Any]):
    """A count was posted."""

    detail = serializers.CharField()
    adjustments = serializers.IntegerField(help_text="How many batches were put right.")


class LinesFilterSerializer(serializers.Serializer[Any]):
    """Which lines to list."""

    only = serializers.ChoiceField(
        choices=[DIFFERENCES, UNAPPROVED],
        required=False,
        help_text="Those that differ from the book, or those whose difference nobody approved yet.",
    )


class CountedLineSerializer(serializers.Serializer[Any]):
    """A line of a stock take, beside the book of the moment of counting; without it for who may not see it."""

    item_id = IdField()
    batch_id = IdField(allow_null=True, help_text="Null: goods that the book does not know.")
    variation_id = IdField()
    sku = serializers.CharField()
    product_name = serializers.CharField()
    variation_name = serializers.CharField(allow_blank=True)
    unit = serializers.CharField()
    quantity_decimals = serializers.IntegerField()
    batch_number = serializers.CharField()
    expiry_date = serializers.DateField(allow_null=True)
    round = serializers.IntegerField()
    awaiting_recount = serializers.BooleanField()
    physical_count = QuantityField(allow_null=True, help_text="Null: to be counted again.")
    counted_at = InstantField(allow_null=True)
    variance_reason = serializers.CharField(allow_blank=True)
    found = serializers.BooleanField(help_text="The book does not know the batch yet.")
    # Whoever may not see the book gets rows that do not have what follows.
    system_count = QuantityField(allow_null=True, help_text="What the book says of the moment of counting.")
    system_version = serializers.IntegerField(allow_null=True)
    variance = QuantityField(allow_null=True)
    unit_cost = MoneyField(allow_null=True)
    value = ValueField(allow_null=True)
    moved_since = QuantityField(allow_null=True, help_text="Units since the counting; null once posted.")
    lines_since = serializers.IntegerField(allow_null=True, help_text="Movements since the counting.")
    entered_late = QuantityField(allow_null=True, help_text="Of what was entered since then, what had happened before.")
    superseded = serializers.BooleanField(allow_null=True, help_text="A later count of the batch was posted.")
    beyond_tolerance = serializers.BooleanField(allow_null=True)
    needs_approval = serializers.BooleanField(allow_null=True)
    approved_by_id = IdField(source="approved_by", allow_null=True)
    approved_at = InstantField(allow_null=True)
    disagreement = serializers.BooleanField(
        allow_null=True, help_text="Two who counted the same place found different things."
    )
    moved_between_places = QuantityField(
        allow_null=True, help_text="What moved between the counts of two places of the batch."
    )


class ToCountSerializer(serializers.Serializer[Any]):
    """A batch that nobody has counted yet."""

    batch_id = IdField()
    variation_id = IdField()
    sku = serializers.CharField()
    product_name = serializers.CharField()
    variation_name = serializers.CharField(allow_blank=True)
    unit = serializers.CharField()
    batch_number = serializers.CharField()
    expiry_date = serializers.DateField(allow_null=True)
    item_id = IdField(allow_null=True, help_text="Its line, if it is to be counted again.")


class ObservationFilterSerializer(serializers.Serializer[Any]):
    """Of which line to list what was seen."""

    item_id = IdInAddressField(required=False)


class KeptObservationSerializer(serializers.Serializer[Any]):
    """What one person saw of one batch at one place at one moment."""

    id = IdField()
    item_id = IdField()
    client_id = ClientIdField()
    round = serializers.IntegerField()
    place = serializers.CharField(allow_blank=True)
    quantity = QuantityField()
    counted_at = InstantField()
    recorded_at = InstantField()
    user_id = IdField()
    user_name = serializers.CharField(source="user.name", allow_blank=True)
    system_count = QuantityField(
        source="book", allow_null=True, help_text="What the book said of that moment when this was recorded."
    )
    system_version = serializers.IntegerField(source="version", allow_null=True)


class ScannedBatchSerializer(serializers.Serializer[Any]):
    """A batch here that the scanned goods may be of."""

    batch_id = IdField()
    batch_number = serializers.CharField()
    expiry_date = serializers.DateField(allow_null=True)
    status = serializers.ChoiceField(choices=BATCH_STATUSES)
    item_id = IdField(allow_null=True, help_text="Its line, if it was counted.")
    physical_count = QuantityField(allow_null=True, help_text="What was counted of it so far.")


class NewBatchSerializer(serializers.Serializer[Any]):
    """What to fill in for goods that the book does not know."""

    variation_id = IdField()
    batch_number = serializers.CharField(allow_blank=True)
    expiry_date = serializers.DateField(allow_null=True)


class ScannedHereSerializer(serializers.Serializer[Any]):
    """The batches here that a code may be on."""

    in_scope = serializers.BooleanField(help_text="Whether the variation is to be counted here.")
    batches = ScannedBatchSerializer(many=True)
    new_batch = NewBatchSerializer(allow_null=True, help_text="Null: the code names a batch that is known here.")


class CountScanSerializer(ScanSerializer, ScannedHereSerializer):
    """What a code says, and the batches here that it may be on."""


STOCK_TAKE_EXAMPLE: Final = OpenApiExample(
    "Counted just now",
    value={
        "outlet_id": 1,
        "items": [{"batch_id": 10, "physical_count": 45, "variance_reason": "Found in stockroom"}],
    },
    request_only=True,
)
RECONCILED_EXAMPLE: Final = OpenApiExample(
    "Posted", value={"detail": "Stock take reconciled", "adjustments": 3}, response_only=True
)
