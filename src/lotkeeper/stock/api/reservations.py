"""Reservations over HTTP: a basket, an online order."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
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
from lotkeeper.stock.api.fields import IdInAddressField
from lotkeeper.stock.api.lines import (
    ReferenceSerializer,
    VariationLineSerializer,
    in_base_units,
    lines_field,
    refusing_as_asked,
)
from lotkeeper.stock.api.postings import posted
from lotkeeper.stock.api.serializers import PostingSerializer, ReservationSerializer
from lotkeeper.stock.models import Reservation, ReservationStatus
from lotkeeper.stock.operations import IssueLine, commit_reservation, release_reservation, reserve_stock
from lotkeeper.stock.queries import reservation_for, reservations
from lotkeeper.web.api import IdField, TextField, checked

_MAX_HOLD_SECONDS: Final = 30 * 24 * 3600


class WholeSecondsField(serializers.IntegerField):
    """A whole JSON number of seconds."""

    def to_internal_value(self, data: Any) -> int:
        """The seconds of the request."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class ReservationFilterSerializer(serializers.Serializer[Any]):
    """Which reservations to list."""

    outlet_id = IdInAddressField(required=False)
    status = serializers.ChoiceField(choices=ReservationStatus.choices, required=False)


class NewReservationSerializer(ReferenceSerializer):
    """Stock to promise for a while."""

    outlet_id = IdField()
    lines = lines_field(VariationLineSerializer())
    hold_seconds = WholeSecondsField(min_value=1, max_value=_MAX_HOLD_SECONDS, help_text="30 days at most.")
    reason = TextField(max_length=500, allow_blank=True, default="")


class CommitSerializer(ReferenceSerializer):
    """A sale of what was promised."""

    reason = TextField(max_length=500, allow_blank=True, default="")


_EXAMPLE: Final = OpenApiExample(
    "A basket for 15 minutes",
    value={
        "outlet_id": 1,
        "hold_seconds": 900,
        "lines": [{"variation_id": 421, "quantity": 2}],
        "reference_id": "basket_77",
    },
    request_only=True,
)


class ReservationEndpoint(PostingEndpoint):
    """What is promised to customers."""

    queryset = Reservation.unscoped.none()
    serializer_class = ReservationSerializer
    filter_backends = ()
    ordering = "-created_at"

    @extend_schema(operation_id="inventory_reservations_list", parameters=[ReservationFilterSerializer])
    def list(self, request: Request) -> Response:
        """List reservations, newest first."""
        asked = checked(ReservationFilterSerializer(data=request.query_params.dict()))
        status = ReservationStatus(asked["status"]) if "status" in asked else None
        with reading():
            return self.page_of(reservations(actor_of(request), outlet_id=asked.get("outlet_id"), status=status))

    @extend_schema(operation_id="inventory_reservations_get")
    def retrieve(self, request: Request, reservation_id: int) -> Response:
        """Show a reservation."""
        with reading():
            return self.shown(reservation_for(actor_of(request), reservation_id))

    @extend_schema(
        operation_id="inventory_reservations_create",
        request=NewReservationSerializer,
        responses={201: ReservationSerializer},
        parameters=POSTING_PARAMETERS,
        examples=[_EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        """Promise stock for a limited time; it lapses by itself."""
        body = self.body(NewReservationSerializer, request)
        lines = in_base_units(body["lines"])
        with refusing_as_asked(lines):
            reserved = reserve_stock(
                actor=actor_of(request),
                outlet_id=body["outlet_id"],
                lines=[IssueLine(line["variation_id"], line["quantity"]) for line in lines],
                hold_for=dt.timedelta(seconds=body["hold_seconds"]),
                reference_id=reference_of(request, body),
                reason=body["reason"],
            )
        with reading():
            reservation = reservation_for(actor_of(request), reserved.reservation_id)
            answer = self.shown(reservation, status=201)
        return with_posted_headers(answer, reservation.operation_id, replayed=reserved.replayed)

    @extend_schema(
        operation_id="inventory_reservations_commit",
        request=CommitSerializer,
        responses={201: PostingSerializer},
        parameters=POSTING_PARAMETERS,
    )
    def commit(self, request: Request, reservation_id: int) -> Response:
        """Sell what was promised, the batch that expires first going first."""
        body = self.body(CommitSerializer, request)
        return posted(
            commit_reservation(
                actor=actor_of(request),
                reservation_id=reservation_id,
                reference_id=reference_of(request, body),
                reason=body["reason"],
            )
        )

    @extend_schema(operation_id="inventory_reservations_release", request=None, responses={200: ReservationSerializer})
    def release(self, request: Request, reservation_id: int) -> Response:
        """Give back what was promised, before its time."""
        release_reservation(actor=actor_of(request), reservation_id=reservation_id)
        with reading():
            return self.shown(reservation_for(actor_of(request), reservation_id))
