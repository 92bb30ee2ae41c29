"""Transfers over HTTP: sent here, received there."""

from __future__ import annotations

from typing import Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.stock.api.base import (
    POSTING_PARAMETERS,
    PostingEndpoint,
    reading,
    reference_of,
    with_posted_headers,
)
from lotkeeper.stock.api.lines import in_base_units, refusing_as_asked
from lotkeeper.stock.operations import IssueLine
from lotkeeper.transfers.models import Transfer, TransferStatus
from lotkeeper.transfers.operations import ArrivedLine, receive_transfer, transfer_stock
from lotkeeper.transfers.queries import transfer_for, transfers
from lotkeeper.transfers.serializers import (
    NewTransferSerializer,
    ReceiveTransferSerializer,
    TransferFilterSerializer,
    TransferSerializer,
)
from lotkeeper.web.api import checked

_EXAMPLE: Final = OpenApiExample(
    "Two boxes to the other shop",
    value={
        "source_id": 1,
        "destination_id": 2,
        "lines": [{"variation_id": 421, "quantity": 2, "pack_id": 12}],
        "reference_id": "transfer_9",
    },
    request_only=True,
)


class TransferEndpoint(PostingEndpoint):
    """Goods on their way between outlets."""

    queryset = Transfer.unscoped.none()
    serializer_class = TransferSerializer
    filter_backends = ()
    ordering = "-created_at"

    @extend_schema(operation_id="inventory_transfers_list", parameters=[TransferFilterSerializer])
    def list(self, request: Request) -> Response:
        """List transfers, newest first."""
        asked = dict(checked(TransferFilterSerializer(data=request.query_params.dict())))
        if "status" in asked:
            asked["status"] = TransferStatus(asked["status"])
        with reading():
            return self.page_of(transfers(actor_of(request), **asked))

    @extend_schema(operation_id="inventory_transfers_get")
    def retrieve(self, request: Request, transfer_id: int) -> Response:
        """Show a transfer."""
        with reading():
            return self.shown(transfer_for(actor_of(request), transfer_id))

    @extend_schema(
        operation_id="inventory_transfers_send",
        request=NewTransferSerializer,
        responses={201: TransferSerializer},
        parameters=POSTING_PARAMETERS,
        examples=[_EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        """Send goods to another outlet: off the shelf here, in transit until somebody there confirms them."""
        body = self.body(NewTransferSerializer, request)
        lines = in_base_units(body["lines"])
        with refusing_as_asked(lines):
            transfer = transfer_stock(
                actor=actor_of(request),
                source_id=body["source_id"],
                destination_id=body["destination_id"],
                lines=[IssueLine(line["variation_id"], line["quantity"], line["batch_id"]) for line in lines],
                reference_id=reference_of(request, body),
                note=body["note"],
                occurred_at=body["occurred_at"],
            )
        return self._moved(request, transfer, transfer.sent_id, status=201)

    @extend_schema(
        operation_id="inventory_transfers_receive",
        request=ReceiveTransferSerializer,
        responses={200: TransferSerializer},
        parameters=POSTING_PARAMETERS,
    )
    def receive(self, request: Request, transfer_id: int) -> Response:
        """Confirm what arrived. What is missing stays on the transfer for all to see."""
        body = self.body(ReceiveTransferSerializer, request)
        told = body["lines"]
        transfer = receive_transfer(
            actor=actor_of(request),
            transfer_id=transfer_id,
            arrived=None if told is None else [ArrivedLine(**line) for line in told],
            reference_id=reference_of(request, body),
            occurred_at=body["occurred_at"],
        )
        return self._moved(request, transfer, transfer.received_id, status=200)

    def _moved(self, request: Request, transfer: Transfer, operation_id: int | None, *, status: int) -> Response:
        assert operation_id is not None  # noqa: S101  # it was just posted; for the type checker
        with reading():
            answer = self.shown(transfer_for(actor_of(request), transfer.pk), status=status)
        return with_posted_headers(answer, operation_id, replayed=transfer.replayed)
