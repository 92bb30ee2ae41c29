"""Stock arrives, is put right, comes back, and is reversed, over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.stock.api.base import (
    POSTING_PARAMETERS,
    REFERENCE_LIMIT,
    PostingEndpoint,
    posted_headers,
    reading,
    reference_of,
)
from lotkeeper.stock.api.fields import ExpiryDateField
from lotkeeper.stock.api.lines import (
    BatchLineSerializer,
    EventSerializer,
    SignedBatchLineSerializer,
    VariationLineSerializer,
    WhySerializer,
    in_base_units,
    lines_field,
)
from lotkeeper.stock.api.serializers import ARRIVAL_KINDS, RETURN_KINDS, WRITTEN_OFF_KINDS, PostingSerializer
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


def _example(name: str) -> list[OpenApiExample]:
    return [OpenApiExample(name.capitalize(), value=_EXAMPLES[name], request_only=True)]


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
        examples=_example("receive"),
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
        examples=_example("adjust"),
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
        examples=_example("write-off"),
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
        examples=_example("returns"),
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
