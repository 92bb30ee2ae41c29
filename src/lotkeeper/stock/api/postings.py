"""Stock arrives, is put right, comes back, and is reversed, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.stock.api.base import POSTING_PARAMETERS, PostingEndpoint, posted_headers, reading, reference_of
from lotkeeper.stock.api.lines import in_base_units
from lotkeeper.stock.api.posting_serializers import (
    AdjustSerializer,
    ReceiveSerializer,
    ReturnSerializer,
    ReversalSerializer,
    WriteOffSerializer,
    example,
)
from lotkeeper.stock.api.serializers import PostingSerializer
from lotkeeper.stock.models import Operation
from lotkeeper.stock.operations import (
    BatchQuantity,
    Posting,
    ReceiptLine,
    VariationQuantity,
    adjust_stock,
    receive_stock,
    return_sale,
    return_stock,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.policies import MovementKind
from lotkeeper.stock.queries import sale_by_reference


def posted(posting: Posting, status: int = 201) -> Response:
    """The answer to something that was posted."""
    headers = posted_headers(posting.operation_id, replayed=posting.replayed)
    return Response(PostingSerializer(posting).data, status=status, headers=headers)


class PostingsEndpoint(PostingEndpoint):
    """Operations whose lines name their batch, or what is written on it."""

    queryset = Operation.unscoped.none()
    serializer_class = PostingSerializer

    @extend_schema(
        operation_id="inventory_receive",
        request=ReceiveSerializer,
        responses={201: PostingSerializer},
        parameters=POSTING_PARAMETERS,
        examples=example("receive"),
    )
    def receive(self, request: Request) -> Response:
        """Take goods in. Each line goes to the batch with its number, expiry and cost, which is made if it is new."""
        body = self.body(ReceiveSerializer, request)
        lines = [ReceiptLine(**line) for line in in_base_units(body["lines"])]
        return posted(
            receive_stock(
                **_told(request, body),
                outlet_id=body["outlet_id"],
                lines=lines,
                movement_type=MovementKind(body["movement_type"]),
                confirmed=body["confirm"],
            )
        )

    @extend_schema(
        operation_id="inventory_adjust",
        request=AdjustSerializer,
        responses={201: PostingSerializer},
        parameters=POSTING_PARAMETERS,
        examples=example("adjust"),
    )
    def adjust(self, request: Request) -> Response:
        """Correct the book by a difference: 2 found, -2 missing."""
        body = self.body(AdjustSerializer, request)
        lines = [BatchQuantity(**line) for line in body["lines"]]
        return posted(adjust_stock(**_told(request, body), lines=lines))

    @extend_schema(
        operation_id="inventory_write_off",
        request=WriteOffSerializer,
        responses={201: PostingSerializer},
        parameters=POSTING_PARAMETERS,
        examples=example("write-off"),
    )
    def write_off(self, request: Request) -> Response:
        """Take out what is damaged, expired, stolen or given away. An expired batch can always be written off."""
        body = self.body(WriteOffSerializer, request)
        lines = [BatchQuantity(**line) for line in body["lines"]]
        kind = MovementKind(body["movement_type"])
        return posted(write_off_stock(**_told(request, body), lines=lines, movement_type=kind))

    @extend_schema(
        operation_id="inventory_return",
        request=ReturnSerializer,
        responses={201: PostingSerializer},
        parameters=POSTING_PARAMETERS,
        examples=example("returns"),
    )
    def give_back(self, request: Request) -> Response:
        """Take goods back from a customer, or send them to their supplier.

        With `sale_operation_id` or `sale_reference_id` the lines name variations: they go back into the batches which
        that sale took them from, never more than it took. Without, the lines name batches.
        """
        body = self.body(ReturnSerializer, request)
        sale_id = _sale_of(body)
        told = _told(request, body)
        if sale_id is None:
            _require_in_each(body, "batch_id", instead_of=("variation_id", "pack_id"))
            lines = [BatchQuantity(line["batch_id"], line["quantity"]) for line in body["lines"]]
            return posted(return_stock(**told, lines=lines, movement_type=MovementKind(body["movement_type"])))
        if body["movement_type"] != MovementKind.CUSTOMER_RETURN:
            raise InvalidRequest({"movement_type": ["A sale comes back as customer_return."]})
        _require_in_each(body, "variation_id", instead_of=("batch_id",))
        opened = in_base_units(body["lines"])
        sold = [VariationQuantity(line["variation_id"], line["quantity"]) for line in opened]
        return posted(return_sale(**told, sale_id=sale_id, lines=sold))

    @extend_schema(
        operation_id="inventory_reverse",
        request=ReversalSerializer,
        responses={201: PostingSerializer},
        parameters=POSTING_PARAMETERS,
    )
    def reverse(self, request: Request) -> Response:
        """Undo a mistake by posting its opposite, line by line. The mistake stays in the ledger."""
        body = self.body(ReversalSerializer, request)
        return posted(
            reverse_operation(
                actor=actor_of(request),
                operation_id=body["operation_id"],
                reason=body["reason"],
                reference_id=reference_of(request, body),
                note=body["note"],
            )
        )


def _told(request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
    """What each of these operations is told beside its lines."""
    return {
        "actor": actor_of(request),
        "reference_id": reference_of(request, body),
        "reason": body["reason"],
        "note": body["note"],
        "occurred_at": body["occurred_at"],
    }


def _sale_of(body: Mapping[str, Any]) -> int | None:
    sale_id: int | None = body["sale_operation_id"]
    if body["sale_reference_id"] is None:
        return sale_id
    if sale_id is not None:
        raise InvalidRequest({"sale_reference_id": ["Name the sale once: by its operation or by its reference."]})
    with reading():
        return sale_by_reference(body["sale_reference_id"])


def _require_in_each(body: Mapping[str, Any], name: str, *, instead_of: tuple[str, ...]) -> None:
    errors: dict[str, list[str]] = {}
    for position, line in enumerate(body["lines"]):
        if line[name] is None:
            errors[f"lines.{position}.{name}"] = ["This field is required."]
        for other in instead_of:
            if line[other] is not None:
                errors[f"lines.{position}.{other}"] = [f"Lines of this return name their {name}."]
    if errors:
        raise InvalidRequest(errors)
