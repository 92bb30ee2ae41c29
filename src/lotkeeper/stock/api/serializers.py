"""How stock looks in answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from rest_framework import serializers

from lotkeeper.accounts.policies import Channel
from lotkeeper.stock.api.fields import InstantField
from lotkeeper.stock.models import Reservation, ReservationStatus
from lotkeeper.stock.policies import ISSUE_KINDS, WRITE_OFF_KINDS, BatchStatus, MovementKind, OperationKind
from lotkeeper.web.api import IdField, MoneyField, QuantityField

BATCH_STATUSES = [status.value for status in BatchStatus]
MOVEMENT_KINDS = [kind.value for kind in MovementKind]
OPERATION_KINDS = [kind.value for kind in OperationKind]
#: What takes stock out of a batch that has to be named, because it is about that very batch.
OF_A_NAMED_BATCH = frozenset({*WRITE_OFF_KINDS - ISSUE_KINDS, MovementKind.ADJUSTMENT, MovementKind.SUPPLIER_RETURN})
ISSUED_KINDS = [kind.value for kind in MovementKind if kind in ISSUE_KINDS | OF_A_NAMED_BATCH]
WRITTEN_OFF_KINDS = [kind.value for kind in MovementKind if kind in WRITE_OFF_KINDS]
ARRIVAL_KINDS = [MovementKind.PURCHASE.value, MovementKind.OPENING.value]
RETURN_KINDS = [MovementKind.CUSTOMER_RETURN.value, MovementKind.SUPPLIER_RETURN.value]


class PostedMovementSerializer(serializers.Serializer[Any]):
    """A ledger line as it was just posted."""

    line = serializers.IntegerField(help_text="The number of the line of the request, from 1.")
    variation_id = IdField()
    batch_id = IdField()
    batch = serializers.CharField(source="batch_number", help_text="The batch number.")
    quantity = QuantityField(help_text="Signed: negative when it leaves.")
    balance_after = QuantityField()
    expiry = serializers.DateField(source="expiry_date", allow_null=True)
    unit_cost = MoneyField(allow_null=True)


class PostingSerializer(serializers.Serializer[Any]):
    """An operation that stands in the ledger."""

    operation_id = IdField()
    replayed = serializers.BooleanField(help_text="It stood there before this request.")
    movements = PostedMovementSerializer(many=True)


class BatchSerializer(serializers.Serializer[Any]):
    """A batch: a lot of one variation at one outlet."""

    id = IdField(source="batch.id")
    outlet_id = IdField(source="batch.outlet_id")
    variation_id = IdField(source="batch.variation_id")
    sku = serializers.CharField(source="batch.variation.sku")
    product_name = serializers.CharField(source="batch.variation.product.name")
    variation_name = serializers.CharField(source="batch.variation.name")
    batch_number = serializers.CharField(source="batch.batch_number")
    expiry_date = serializers.DateField(source="batch.expiry_date", allow_null=True)
    unit_cost = MoneyField(source="batch.unit_cost", allow_null=True)
    received_at = InstantField(source="batch.received_at")
    status = serializers.ChoiceField(choices=BATCH_STATUSES, source="batch.status")
    quantity = QuantityField(source="batch.quantity", help_text="On hand.")
    sellable_quantity = QuantityField(help_text="0 when it is expired, held or recalled.")
    is_expired = serializers.BooleanField(help_text="By the outlet's own date and the product's margin.")
    days_left = serializers.IntegerField(
        allow_null=True, help_text="To the printed date: 0 on that day, negative after it; null for undated stock."
    )
    version = serializers.IntegerField(source="batch.version", help_text="How many lines its history has.")


class AmendedSerializer(serializers.Serializer[Any]):
    """What was changed of a batch, and how it is now."""

    operation_id = IdField()
    replayed = serializers.BooleanField(help_text="It was changed before this request.")
    amended = serializers.DictField(
        child=serializers.ListField(min_length=2, max_length=2),
        help_text='Old and new value by name: `{"expiry_date": ["2027-01-31", "2027-03-31"]}`.',
    )
    batch = BatchSerializer()


class OnHandSerializer(serializers.Serializer[Any]):
    """The stock of one variation at one outlet."""

    outlet_id = IdField()
    outlet_name = serializers.CharField()
    variation_id = IdField()
    sku = serializers.CharField()
    product_name = serializers.CharField()
    variation_name = serializers.CharField()
    unit = serializers.CharField()
    on_hand = QuantityField(help_text="Sellable, expired and held together.")
    sellable = QuantityField(allow_null=True, help_text="Null for a moment of the past, as all below.")
    expired = QuantityField(allow_null=True)
    held = QuantityField(allow_null=True, help_text="Held or recalled, and not expired.")
    reserved = QuantityField(allow_null=True)
    available = QuantityField(allow_null=True, help_text="Sellable and not reserved.")


class MovementSerializer(serializers.Serializer[Any]):
    """A line of the ledger."""

    batch_id = IdField()
    batch_number = serializers.CharField()
    expiry_date = serializers.DateField(allow_null=True)
    version = serializers.IntegerField(help_text="The line's number in the batch's history, without gaps from 1.")
    outlet_id = IdField()
    variation_id = IdField()
    sku = serializers.CharField()
    product_name = serializers.CharField()
    variation_name = serializers.CharField()
    operation_id = IdField()
    operation_kind = serializers.ChoiceField(choices=OPERATION_KINDS)
    reference_id = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    channel = serializers.ChoiceField(choices=[channel.value for channel in Channel])
    user_id = IdField()
    user_name = serializers.CharField(allow_blank=True)
    line = serializers.IntegerField(help_text="The line of the operation.")
    movement_type = serializers.ChoiceField(choices=MOVEMENT_KINDS)
    quantity = QuantityField(help_text="Signed; 0 for a correction of what is written on the batch.")
    balance_before = QuantityField()
    balance_after = QuantityField()
    unit_cost = MoneyField(allow_null=True)
    amendment = serializers.DictField(
        child=serializers.ListField(min_length=2, max_length=2),
        allow_null=True,
        help_text="What a correction changed, as old and new value by name.",
    )
    occurred_at = InstantField(help_text="When it happened.")
    recorded_at = InstantField(help_text="When it was entered here; what the order goes by.")


class OperationSerializer(serializers.Serializer[Any]):
    """An operation: one business event with its ledger lines."""

    id = IdField(source="operation.id")
    kind = serializers.ChoiceField(choices=OPERATION_KINDS, source="operation.kind")
    reference_id = serializers.CharField(source="operation.reference_id", allow_null=True)
    reason = serializers.CharField(source="operation.reason", allow_blank=True)
    note = serializers.CharField(source="operation.note", allow_blank=True)
    channel = serializers.ChoiceField(choices=[channel.value for channel in Channel], source="operation.channel")
    user_id = IdField(source="operation.user_id")
    user_name = serializers.CharField(source="operation.user.name", allow_blank=True)
    token_id = IdField(source="operation.token_id", allow_null=True)
    token_name = serializers.SerializerMethodField(help_text="The API token it came with; null for a person.")
    refers_to_id = IdField(
        source="operation.refers_to_id",
        allow_null=True,
        help_text="The operation that this one reverses, or whose goods come back or arrive.",
    )
    occurred_at = InstantField(source="operation.occurred_at")
    recorded_at = InstantField(source="operation.recorded_at")
    line_count = serializers.IntegerField(
        source="operation.line_count", help_text="Of all outlets; the lines shown are those you may see, 1000 at most."
    )
    lines = MovementSerializer(many=True)

    def get_token_name(self, view: Any) -> str | None:
        """The name of the token, if one was used."""
        token = view.operation.token
        return None if token is None else str(token.name)


class ReservationLineSerializer(serializers.Serializer[Any]):
    """How much of one variation is promised."""

    variation_id = IdField()
    quantity = QuantityField()


class ReservationSerializer(serializers.Serializer[Any]):
    """A promise for a limited time."""

    id = IdField()
    operation_id = IdField()
    reference_id = serializers.CharField(source="operation.reference_id", allow_null=True)
    outlet_id = IdField()
    status = serializers.SerializerMethodField()
    created_at = InstantField()
    expires_at = InstantField()
    closed_at = InstantField(allow_null=True)
    lines = ReservationLineSerializer(many=True)

    def get_status(self, reservation: Reservation) -> ReservationStatus:
        """What became of it; one whose time is over has lapsed, marked or not."""
        over = reservation.expires_at <= dt.datetime.now(dt.UTC)
        if reservation.status == ReservationStatus.ACTIVE and over:
            return ReservationStatus.LAPSED
        return ReservationStatus(reservation.status)
