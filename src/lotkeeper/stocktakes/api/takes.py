"""Stock takes over HTTP, from opening to posting."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.policies import Actor
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.stock.api.base import (
    POSTING_PARAMETERS,
    RETRIED_PARAMETERS,
    PostingEndpoint,
    posted_headers,
    reading,
    reference_of,
    retried_headers,
)
from lotkeeper.stock.api.lines import ReferenceSerializer, refusing_one_line
from lotkeeper.stocktakes.api.observations import observations_from
from lotkeeper.stocktakes.api.request_serializers import (
    ONE_OR_MANY,
    STOCK_TAKE_EXAMPLE,
    ApprovalSerializer,
    ItemsSerializer,
    NewStockTakeSerializer,
    NotesSerializer,
    ObservationsSerializer,
    OneObservationSerializer,
    StockTakeFilterSerializer,
)
from lotkeeper.stocktakes.api.serializers import (
    RECONCILED_EXAMPLE,
    ReconciledSerializer,
    RecordedSerializer,
    StockTakeInFullSerializer,
    StockTakeSerializer,
    SummarySerializer,
)
from lotkeeper.stocktakes.models import CountScope, StockTake, StockTakeStatus
from lotkeeper.stocktakes.operations import (
    Observation,
    Rules,
    Scope,
    approve_differences,
    cancel_stock_take,
    complete_stock_take,
    note_stock_take,
    open_stock_take,
    reconcile_stock_take,
    record_counts,
    request_recount,
)
from lotkeeper.stocktakes.queries import (
    sees_book,
    stock_take_for,
    stock_takes,
    variance_summary,
)
from lotkeeper.web.api import checked

_RECONCILE: Final[dict[str, Any]] = {
    "request": ReferenceSerializer,
    "responses": {200: ReconciledSerializer},
    "parameters": POSTING_PARAMETERS,
    "examples": [RECONCILED_EXAMPLE],
}


class StockTakeEndpoint(PostingEndpoint):
    """Counts of the shelves."""

    queryset = StockTake.unscoped.none()
    serializer_class = StockTakeSerializer
    filter_backends = ()
    ordering = "-id"

    @extend_schema(operation_id="inventory_stock_takes_list", parameters=[StockTakeFilterSerializer])
    def list(self, request: Request) -> Response:
        """List stock takes, newest first."""
        actor = actor_of(request)
        asked = dict(checked(StockTakeFilterSerializer(data=request.query_params.dict())))
        if "status" in asked:
            asked["status"] = StockTakeStatus(asked["status"])
        if asked.pop("assigned_to_me"):
            asked["assigned_to"] = actor.user_id
        with reading():
            return self.page_of(stock_takes(actor, **asked))

    @extend_schema(operation_id="inventory_stock_takes_get", responses={200: StockTakeInFullSerializer})
    def retrieve(self, request: Request, stock_take_id: int) -> Response:
        """Show a stock take with its figures."""
        return _in_full(actor_of(request), stock_take_id)

    @extend_schema(
        operation_id="inventory_stock_takes_open",
        request=NewStockTakeSerializer,
        responses={201: StockTakeInFullSerializer},
        parameters=RETRIED_PARAMETERS,
        examples=[STOCK_TAKE_EXAMPLE],
    )
    def create(self, request: Request) -> Response:
        """Open a count, with what was counted already, if anything was. The shop stays open."""
        body = self.body(NewStockTakeSerializer, request)
        actor = actor_of(request)
        take = open_stock_take(
            actor=actor,
            outlet_id=body["outlet_id"],
            scope=_scope(body),
            rules=Rules(body["blind"], body["uncounted_is_zero"], body["assignee_ids"]),
            counted=[
                Observation(item["batch_id"], item["physical_count"], reason=item["variance_reason"])
                for item in body["items"]
            ],
            notes=body["notes"],
            reference_id=reference_of(request, body),
        )
        return _in_full(actor, take.pk, status=201, replayed=take.replayed)

    @extend_schema(
        operation_id="inventory_stock_takes_note",
        request=NotesSerializer,
        responses={200: StockTakeInFullSerializer},
    )
    def note(self, request: Request, stock_take_id: int) -> Response:
        """Change the remark on a stock take that is not posted yet."""
        body = self.body(NotesSerializer, request)
        note_stock_take(actor=actor_of(request), stock_take_id=stock_take_id, notes=body["notes"])
        return _in_full(actor_of(request), stock_take_id)

    @extend_schema(operation_id="inventory_stock_takes_count", request=ONE_OR_MANY, responses={200: RecordedSerializer})
    def count(self, request: Request, stock_take_id: int) -> Response:
        """Write down what was seen on the shelves: one observation, or up to 10 000 with `observations`.

        All are kept, or none if something is wrong with one. What is sent again under its `client_id` is kept once.
        """
        if isinstance(request.data, Mapping) and "observations" in request.data:
            if "quantity" in request.data:
                raise InvalidRequest({"observations": ["Send either observations, or one quantity of one batch."]})
            many = self.body(ObservationsSerializer, request)
            return self._recorded(request, stock_take_id, many["observations"], many["sent_at"])
        one = self.body(OneObservationSerializer, request)
        with refusing_one_line("observations"):
            return self._recorded(request, stock_take_id, [one], one["sent_at"])

    @extend_schema(
        operation_id="inventory_stock_takes_recount",
        request=ItemsSerializer,
        responses={200: StockTakeInFullSerializer},
    )
    def recount(self, request: Request, stock_take_id: int) -> Response:
        """Have lines counted again. What was seen of them so far is kept, and no longer counts."""
        body = self.body(ItemsSerializer, request)
        request_recount(actor=actor_of(request), stock_take_id=stock_take_id, item_ids=body["item_ids"])
        return _in_full(actor_of(request), stock_take_id)

    @extend_schema(
        operation_id="inventory_stock_takes_complete", request=None, responses={200: StockTakeInFullSerializer}
    )
    def complete(self, request: Request, stock_take_id: int) -> Response:
        """End the counting. What is in scope and was not found becomes 0, if the stock take was opened so."""
        complete_stock_take(actor=actor_of(request), stock_take_id=stock_take_id)
        return _in_full(actor_of(request), stock_take_id)

    @extend_schema(
        operation_id="inventory_stock_takes_approve",
        request=ApprovalSerializer,
        responses={200: StockTakeInFullSerializer},
    )
    def approve(self, request: Request, stock_take_id: int) -> Response:
        """Stand for differences beyond the tolerance. Nobody does for what they counted themselves."""
        body = self.body(ApprovalSerializer, request)
        approve_differences(actor=actor_of(request), stock_take_id=stock_take_id, item_ids=body["item_ids"])
        return _in_full(actor_of(request), stock_take_id)

    @extend_schema(
        operation_id="inventory_stock_takes_cancel", request=None, responses={200: StockTakeInFullSerializer}
    )
    def cancel(self, request: Request, stock_take_id: int) -> Response:
        """Give a stock take up. What was seen is kept; nothing is posted."""
        cancel_stock_take(actor=actor_of(request), stock_take_id=stock_take_id)
        return _in_full(actor_of(request), stock_take_id)

    @extend_schema(operation_id="inventory_stock_takes_reconcile", methods=["POST"], **_RECONCILE)
    @extend_schema(operation_id="inventory_stock_takes_reconcile_patch", methods=["PATCH"], **_RECONCILE)
    def reconcile(self, request: Request, stock_take_id: int) -> Response:
        """Put the book right by what was counted: once, however often it is asked for.

        Each batch moves by its difference from the book of the moment in which it was counted. A stock take that is
        still being counted is completed first.
        """
        body = self.body(ReferenceSerializer, request)
        take, adjusted = reconcile_stock_take(
            actor=actor_of(request), stock_take_id=stock_take_id, reference_id=reference_of(request, body)
        )
        assert take.operation_id is not None  # noqa: S101  # it is posted; for the type checker
        told = {"detail": "Stock take reconciled", "adjustments": adjusted}
        return Response(told, headers=posted_headers(take.operation_id, replayed=take.replayed))

    def _recorded(
        self,
        request: Request,
        stock_take_id: int,
        seen: Sequence[Mapping[str, Any]],
        sent_at: dt.datetime | None,
    ) -> Response:
        recorded = record_counts(
            actor=actor_of(request),
            stock_take_id=stock_take_id,
            observations=observations_from(seen),
            sent_at=sent_at,
        )
        return Response(RecordedSerializer(recorded).data)


def _scope(body: Mapping[str, Any]) -> Scope:
    """What is to be counted; what the scope has no use for is refused, not ignored."""
    counted = [item["batch_id"] for item in body["items"]]
    listed = {name: body[name] for name in ("batch_ids", "variation_ids")}
    lists = counted or any(listed.values())
    kind = CountScope(body.get("scope", CountScope.LIST if lists else CountScope.OUTLET))
    named = {name: body[f"{name}_id"] for name in (CountScope.CATEGORY, CountScope.SUPPLIER)}
    without_place = [f"{name}_id" for name, told in named.items() if told is not None and name != kind]
    if kind is not CountScope.LIST:
        without_place += [name for name, told in listed.items() if told]
    errors = {name: [f"This has no place in the scope {kind}."] for name in without_place}
    if kind in named and named[kind] is None:
        errors[f"{kind}_id"] = [f"The scope {kind} needs this."]
    if errors:
        raise InvalidRequest(errors)
    if kind is CountScope.LIST:
        return Scope(kind, batch_ids=[*listed["batch_ids"], *counted], variation_ids=listed["variation_ids"])
    return Scope(kind, named[CountScope.CATEGORY], named[CountScope.SUPPLIER])


def _in_full(actor: Actor, stock_take_id: int, *, status: int = 200, replayed: bool = False) -> Response:
    """A stock take with its figures; what the book says only for whoever may see it."""
    with reading():
        take = stock_take_for(actor, stock_take_id)
        summary = variance_summary(take)
        sees = sees_book(actor, take)
        shown = StockTakeSerializer(take).data
    figures = SummarySerializer(summary if sees else summary.progress).data
    told = {**shown, "sees_book": sees, "summary": figures}
    return Response(told, status=status, headers=retried_headers(replayed=replayed))
