"""How transfers look in requests and answers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from lotkeeper.core.quantity import Sign, json_number
from lotkeeper.stock.api.fields import IdInAddressField, InstantField
from lotkeeper.stock.api.lines import DatedSerializer, IssueLineSerializer, lines_field
from lotkeeper.transfers.models import TransferLine, TransferStatus
from lotkeeper.web.api import IdField, QuantityField, TextField


class TransferFilterSerializer(serializers.Serializer[Any]):
    """Which transfers to list."""

    outlet_id = IdInAddressField(required=False, help_text="Those that begin or end there.")
    source_id = IdInAddressField(required=False)
    destination_id = IdInAddressField(required=False)
    status = serializers.ChoiceField(choices=TransferStatus.choices, required=False)


class NewTransferSerializer(DatedSerializer):
    """Goods to send to another outlet."""

    source_id = IdField(help_text="The outlet that sends.")
    destination_id = IdField(help_text="The outlet that gets them.")
    lines = lines_field(IssueLineSerializer())
    note = TextField(max_length=2000, allow_blank=True, default="")


class ArrivedLineSerializer(serializers.Serializer[Any]):
    """How much of a sent line arrived."""

    line_id = IdField()
    quantity = QuantityField(sign=Sign.NOT_NEGATIVE, help_text="In the base unit; 0 if nothing did.")
    discrepancy_reason = TextField(
        max_length=200, allow_blank=True, default="", help_text="Needed when less arrived than was sent."
    )


class ReceiveTransferSerializer(DatedSerializer):
    """What arrived: each line of the transfer once. Without ``lines``, everything did."""

    lines = serializers.ListField(
        child=ArrivedLineSerializer(), allow_null=True, default=None, allow_empty=False, max_length=10_000
    )


class TransferLineSerializer(serializers.Serializer[Any]):
    """How much of one batch was sent, and how much of it arrived."""

    id = IdField()
    variation_id = IdField(source="batch.variation_id")
    batch_id = IdField(help_text="At the outlet that sent it.")
    batch_number = serializers.CharField(source="batch.batch_number")
    expiry_date = serializers.DateField(source="batch.expiry_date", allow_null=True)
    quantity_sent = QuantityField()
    quantity_received = QuantityField(allow_null=True, help_text="Null while it is on its way.")
    quantity_missing = serializers.SerializerMethodField(help_text="Null while it is on its way.")
    discrepancy_reason = serializers.CharField(allow_blank=True)
    received_batch_id = IdField(allow_null=True, help_text="At the outlet that got it.")

    def get_quantity_missing(self, line: TransferLine) -> float | None:
        """What was sent and did not arrive."""
        received: Decimal | None = line.quantity_received
        return None if received is None else json_number(line.quantity_sent - received)


class TransferSerializer(serializers.Serializer[Any]):
    """Goods on their way, or arrived."""

    id = IdField()
    source_id = IdField()
    destination_id = IdField()
    status = serializers.ChoiceField(choices=TransferStatus.choices)
    reference_id = serializers.CharField(source="sent.reference_id", allow_null=True)
    note = serializers.CharField(allow_blank=True)
    created_at = InstantField()
    sent_operation_id = IdField(source="sent_id")
    received_operation_id = IdField(source="received_id", allow_null=True)
    lines = TransferLineSerializer(many=True)
