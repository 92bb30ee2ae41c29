"""What may explain a difference, and the swap of two batches, over HTTP."""

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.policies import Permission
from lotkeeper.core.errors import PermissionRefused
from lotkeeper.stock.api.base import POSTING_PARAMETERS, PostingEndpoint, RowsEndpoint, reference_of
from lotkeeper.stock.api.fields import IdInAddressField, InstantField
from lotkeeper.stock.api.lines import ReferenceSerializer
from lotkeeper.stock.api.postings import posted
from lotkeeper.stock.api.serializers import PostingSerializer
from lotkeeper.stocktakes.models import StockTake
from lotkeeper.stocktakes.operations import swap_batches
from lotkeeper.stocktakes.policies import Certainty, ExplanationCode
from lotkeeper.stocktakes.queries import explained_key, explained_lines, sees_book, stock_take_for
from lotkeeper.web.api import IdField, MoneyField, QuantityField

_SWAP: Final = OpenApiExample(
    "Three of one batch were sold as another",
    value={"short_item_id": 71, "over_item_id": 72, "quantity": 3, "reference_id": "swap-71-72"},
    request_only=True,
)


class ExplanationsFilterSerializer(serializers.Serializer[Any]):
    """Which lines to explain."""

    item_id = IdInAddressField(required=False, help_text="Only this line.")


class ExplanationSerializer(serializers.Serializer[Any]):
    """Something that may have happened."""

    code = serializers.ChoiceField(choices=[code.value for code in ExplanationCode])
    certainty = serializers.ChoiceField(
        choices=[each.value for each in Certainty],
        help_text="`likely`: the figures meet exactly, seldom by chance. `possible`: they meet. `hint`: it could be.",
    )
    sentence = serializers.CharField(help_text="For people.")
    explained = QuantityField(help_text="How much of the variance it would explain; of the same sign.")
    item_id = IdField(allow_null=True, help_text="The other line, of two batches that may have been mistaken.")
    batch_id = IdField(allow_null=True, help_text="The other batch.")
    operation_ids = serializers.ListField(child=IdField(), help_text="The operations that the sentence is about.")
    transfer_id = IdField(allow_null=True)


class ExplainedLineSerializer(serializers.Serializer[Any]):
    """A counted line that differs, and what may explain it, surest first."""

    item_id = IdField(source="line.item_id")
    batch_id = IdField(source="line.batch_id", allow_null=True)
    variation_id = IdField(source="line.variation_id")
    sku = serializers.CharField(source="line.sku")
    product_name = serializers.CharField(source="line.product_name")
    variation_name = serializers.CharField(source="line.variation_name")
    batch_number = serializers.CharField(source="line.batch_number")
    physical_count = QuantityField(source="line.physical_count")
    system_count = QuantityField(source="line.system_count", help_text="The book at the moment of counting.")
    variance = QuantityField(source="line.variance", help_text="Negative: the shelf is short.")
    value = MoneyField(source="line.value", allow_null=True, help_text="The variance in money.")
    counted_at = InstantField(source="line.counted_at")
    explanations = ExplanationSerializer(many=True)


class SwapSerializer(ReferenceSerializer):
    """Two lines of which one batch was mistaken for the other."""

    short_item_id = IdField(help_text="The line of which less was counted than the book says.")
    over_item_id = IdField(help_text="The line of which more was.")
    quantity = QuantityField(help_text="How much was mistaken, in the base unit: at most what both differ by.")


class ExplanationsEndpoint(RowsEndpoint):
    """What may explain the differences of a stock take."""

    serializer_class = ExplainedLineSerializer

    @extend_schema(operation_id="inventory_stock_takes_explanations", parameters=[ExplanationsFilterSerializer])
    def list(self, request: Request, stock_take_id: int) -> Response:
        """List the lines that differ with what may explain each, the largest difference in money first.

        For whoever may see the book, while the stock take is open; of one that was posted or cancelled there are none.
        Nothing is ever applied by itself.
        """
        asked = self.asked(ExplanationsFilterSerializer, request)
        actor = actor_of(request)
        take = stock_take_for(actor, stock_take_id)
        if not sees_book(actor, take):
            raise PermissionRefused(permission=Permission.RECONCILE.value, outlet_id=take.outlet_id)
        item_ids = [asked["item_id"]] if "item_id" in asked else None
        return self.rows(explained_lines(take, self.window(request), item_ids=item_ids), explained_key)


class SwapEndpoint(PostingEndpoint):
    """Two batches that were mistaken for each other."""

    queryset = StockTake.unscoped.none()
    serializer_class = PostingSerializer

    @extend_schema(
        operation_id="inventory_stock_takes_swap",
        request=SwapSerializer,
        responses={201: PostingSerializer},
        parameters=POSTING_PARAMETERS,
        examples=[_SWAP],
    )
    def swap(self, request: Request, stock_take_id: int) -> Response:
        """Move so much in the book from the batch that is short to the one that is over, as one adjustment.

        It is dated to the first of their countings, so that both differences shrink by it.
        """
        body = self.body(SwapSerializer, request)
        return posted(
            swap_batches(
                actor=actor_of(request),
                stock_take_id=stock_take_id,
                short_item_id=body["short_item_id"],
                over_item_id=body["over_item_id"],
                quantity=body["quantity"],
                reference_id=reference_of(request, body),
            )
        )
