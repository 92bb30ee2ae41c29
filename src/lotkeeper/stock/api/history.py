"""What is on hand and what happened, over HTTP. Reads only."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.stock.api.base import REFERENCE_LIMIT, RowsEndpoint
from lotkeeper.stock.api.fields import IdInAddressField, InstantField, TrueOrFalseField
from lotkeeper.stock.api.serializers import (
    MOVEMENT_KINDS,
    MovementSerializer,
    OnHandSerializer,
    OperationSerializer,
)
from lotkeeper.stock.models import Operation
from lotkeeper.stock.policies import MovementKind
from lotkeeper.stock.queries import (
    MovementsWanted,
    StockWanted,
    movement_key,
    movements,
    on_hand,
    on_hand_key,
    operation_for,
)
from lotkeeper.web.api import Endpoint, TextField

_NEWEST, _OLDEST = "newest", "oldest"


class StockFilterSerializer(serializers.Serializer[Any]):
    """Which stock to list."""

    outlet_id = IdInAddressField(required=False)
    variation_id = IdInAddressField(required=False)
    in_stock = TrueOrFalseField(required=False, help_text="Whether anything is on hand.")
    as_of = InstantField(
        required=False, help_text="On hand as it was known at this moment; what was entered later is not in it."
    )


class MovementFilterSerializer(serializers.Serializer[Any]):
    """Which ledger lines to list. A range holds its first moment and not its last."""

    outlet_id = IdInAddressField(required=False)
    variation_id = IdInAddressField(required=False)
    batch_id = IdInAddressField(required=False)
    operation_id = IdInAddressField(required=False)
    reference_id = TextField(max_length=REFERENCE_LIMIT, required=False)
    movement_type = serializers.ChoiceField(choices=MOVEMENT_KINDS, required=False)
    occurred_from = InstantField(required=False)
    occurred_until = InstantField(required=False)
    recorded_from = InstantField(required=False)
    recorded_until = InstantField(required=False)
    order = serializers.ChoiceField(choices=[_OLDEST, _NEWEST], default=_OLDEST, help_text="Which lines come first.")


class StockEndpoint(RowsEndpoint):
    """How much there is of each variation at each outlet."""

    serializer_class = OnHandSerializer

    @extend_schema(operation_id="inventory_stock_list", parameters=[StockFilterSerializer])
    def list(self, request: Request) -> Response:
        """List what is on hand of each variation at each outlet, now or as it was known at an earlier moment."""
        wanted = StockWanted(**self.asked(StockFilterSerializer, request))
        return self.rows(on_hand(actor_of(request), wanted, self.window(request)), on_hand_key)


class MovementEndpoint(RowsEndpoint):
    """The ledger."""

    serializer_class = MovementSerializer

    @extend_schema(operation_id="inventory_movements_list", parameters=[MovementFilterSerializer])
    def list(self, request: Request) -> Response:
        """List ledger lines in the order in which they were recorded."""
        asked = dict(self.asked(MovementFilterSerializer, request))
        newest_first = asked.pop("order") == _NEWEST
        if "movement_type" in asked:
            asked["movement_type"] = MovementKind(asked["movement_type"])
        wanted = MovementsWanted(**asked, newest_first=newest_first)
        return self.rows(movements(actor_of(request), wanted, self.window(request)), movement_key)


class OperationEndpoint(Endpoint):
    """Operations: who did what, when and why."""

    queryset = Operation.unscoped.none()
    serializer_class = OperationSerializer

    @extend_schema(operation_id="inventory_operations_get")
    def retrieve(self, request: Request, operation_id: int) -> Response:
        """Show an operation with its lines, who posted it and why."""
        return self.shown(operation_for(actor_of(request), operation_id))
