"""Batches over HTTP: what there is, what is corrected, what is kept from sale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.stock.api.base import (
    POSTING_PARAMETERS,
    PostingEndpoint,
    RowsEndpoint,
    posted_headers,
    reading,
    reference_of,
)
from lotkeeper.stock.api.fields import ExpiryDateField, IdInAddressField, TrueOrFalseField
from lotkeeper.stock.api.lines import ReferenceSerializer
from lotkeeper.stock.api.serializers import BATCH_STATUSES, AmendedSerializer, BatchSerializer
from lotkeeper.stock.models import Batch
from lotkeeper.stock.operations import amend_batch, archive_batch, hold_batch, release_batch
from lotkeeper.stock.policies import BatchStatus
from lotkeeper.stock.queries import BatchesWanted, batch_for, batch_key, batches
from lotkeeper.web.api import MoneyField, SwitchField, TextField


class BatchFilterSerializer(serializers.Serializer[Any]):
    """Which batches to list."""

    outlet_id = IdInAddressField(required=False)
    variation_id = IdInAddressField(required=False)
    batch_number = TextField(max_length=100, required=False, help_text="The whole number, as printed.")
    status = serializers.ChoiceField(choices=BATCH_STATUSES, required=False)
    expiring_before = serializers.DateField(required=False, help_text="Dated before this day; undated stock is not.")
    in_stock = TrueOrFalseField(required=False, help_text="Whether anything is left of them.")


class WhyBatchSerializer(ReferenceSerializer):
    """Why a batch is changed."""

    reason = TextField(max_length=500)


class AmendBatchSerializer(WhyBatchSerializer):
    """What to correct of what is written on a batch; what is left out stays."""

    batch_number = TextField(max_length=100, required=False)
    expiry_date = ExpiryDateField(required=False, allow_null=True, help_text="Null: it has none.")
    unit_cost = MoneyField(required=False, allow_null=True, help_text="Null: it is not known.")
    note = TextField(max_length=2000, allow_blank=True, default="")


class HoldBatchSerializer(WhyBatchSerializer):
    """Why a batch is kept from sale."""

    recalled = SwitchField(default=False, help_text="True: its maker calls it back.")


class BatchEndpoint(RowsEndpoint):
    """Batches, to read."""

    queryset = Batch.unscoped.none()
    serializer_class = BatchSerializer

    @extend_schema(operation_id="inventory_batches_list", parameters=[BatchFilterSerializer])
    def list(self, request: Request) -> Response:
        """List batches: first expired first, undated last, then by receipt."""
        asked = dict(self.asked(BatchFilterSerializer, request))
        if "status" in asked:
            asked["status"] = BatchStatus(asked["status"])
        return self.rows(batches(actor_of(request), BatchesWanted(**asked), self.window(request)), batch_key)

    @extend_schema(operation_id="inventory_batches_get")
    def retrieve(self, request: Request, batch_id: int) -> Response:
        """Show a batch."""
        return self.shown(batch_for(actor_of(request), batch_id))


class BatchChangeEndpoint(PostingEndpoint):
    """What is written on a batch, and whether it may be sold."""

    queryset = Batch.unscoped.none()
    serializer_class = AmendedSerializer

    @extend_schema(
        operation_id="inventory_batches_amend",
        request=AmendBatchSerializer,
        responses={200: AmendedSerializer},
        parameters=POSTING_PARAMETERS,
    )
    def amend(self, request: Request, batch_id: int) -> Response:
        """Correct the number, expiry or cost of a batch. The history keeps both the old and the new."""
        body = self.body(AmendBatchSerializer, request)
        changes = {name: body[name] for name in ("batch_number", "expiry_date", "unit_cost") if name in body}
        told = self._told(request, batch_id, body)
        return self._amended(request, amend_batch(**told, changes=changes, note=body["note"]))

    @extend_schema(
        operation_id="inventory_batches_hold",
        request=HoldBatchSerializer,
        responses={200: AmendedSerializer},
        parameters=POSTING_PARAMETERS,
    )
    def hold(self, request: Request, batch_id: int) -> Response:
        """Keep a batch from being sold, while it is looked into or because it is recalled."""
        body = self.body(HoldBatchSerializer, request)
        told = self._told(request, batch_id, body)
        return self._amended(request, hold_batch(**told, recalled=body["recalled"]))

    @extend_schema(
        operation_id="inventory_batches_release",
        request=WhyBatchSerializer,
        responses={200: AmendedSerializer},
        parameters=POSTING_PARAMETERS,
    )
    def release(self, request: Request, batch_id: int) -> Response:
        """Let a held or recalled batch be sold again."""
        body = self.body(WhyBatchSerializer, request)
        return self._amended(request, release_batch(**self._told(request, batch_id, body)))

    @extend_schema(
        operation_id="inventory_batches_archive",
        request=WhyBatchSerializer,
        responses={200: AmendedSerializer},
        parameters=POSTING_PARAMETERS,
    )
    def archive(self, request: Request, batch_id: int) -> Response:
        """Put an empty batch away for good; its history stays."""
        body = self.body(WhyBatchSerializer, request)
        return self._amended(request, archive_batch(**self._told(request, batch_id, body)))

    def _told(self, request: Request, batch_id: int, body: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "actor": actor_of(request),
            "batch_id": batch_id,
            "reason": body["reason"],
            "reference_id": reference_of(request, body),
        }

    def _amended(self, request: Request, answer: Mapping[str, Any]) -> Response:
        replayed = "replayed" in answer
        with reading():
            batch = batch_for(actor_of(request), answer["batch_id"])
            told = {**answer, "replayed": replayed, "batch": batch}
            shown = AmendedSerializer(told).data
        return Response(shown, headers=posted_headers(answer["operation_id"], replayed=replayed))
