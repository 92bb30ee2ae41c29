"""How stock takes look in answers. What the book says is null for whoever may not see it."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from lotkeeper.catalog.api.serializers import ScanSerializer
from lotkeeper.stock.api.fields import InstantField
from lotkeeper.stock.api.serializers import BATCH_STATUSES
from lotkeeper.stocktakes.api.fields import ClientIdField, ValueField
from lotkeeper.stocktakes.models import CountScope, StockTakeStatus
from lotkeeper.web.api import IdField, MoneyField, QuantityField


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


class RecordedSerializer(serializers.Serializer[Any]):
    """What became of observations."""

    recorded = serializers.IntegerField(help_text="Kept now.")
    known = serializers.IntegerField(help_text="Sent before, and kept then.")


class ReconciledSerializer(serializers.Serializer[Any]):
    """A count was posted."""

    detail = serializers.CharField()
    adjustments = serializers.IntegerField(help_text="How many batches were put right.")


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


RECONCILED_EXAMPLE: Final = OpenApiExample(
    "Posted", value={"detail": "Stock take reconciled", "adjustments": 3}, response_only=True
)
