"""The lines of a stock take over HTTP: what differs, what is still to be counted, what was seen, what a scan is."""

from __future__ import annotations

from typing import Final

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.catalog.api.lookup import SCANNED_CODE, scanned_code
from lotkeeper.catalog.api.serializers import ScanSerializer
from lotkeeper.catalog.policies import parse_scan
from lotkeeper.catalog.queries import find_by_scan
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.stock.api.base import RowsEndpoint
from lotkeeper.stock.policies import outlet_today
from lotkeeper.stocktakes.api.request_serializers import (
    DIFFERENCES,
    UNAPPROVED,
    LinesFilterSerializer,
    ObservationFilterSerializer,
)
from lotkeeper.stocktakes.api.serializers import (
    CountedLineSerializer,
    CountScanSerializer,
    KeptObservationSerializer,
    ScannedHereSerializer,
    ToCountSerializer,
)
from lotkeeper.stocktakes.models import StockTakeObservation
from lotkeeper.stocktakes.queries import (
    LinesWanted,
    counted_key,
    counted_lines,
    observations_of,
    scanned,
    sees_book,
    stock_take_for,
    to_count,
    to_count_key,
    variance_key,
    variance_lines,
)
from lotkeeper.web.api import Endpoint, checked

_WITHOUT_THE_BOOK: Final = {"system_count": None, "system_version": None}


class StockTakeLineEndpoint(RowsEndpoint):
    """What was counted beside what the book says."""

    serializer_class = CountedLineSerializer

    @extend_schema(operation_id="inventory_stock_takes_lines", parameters=[LinesFilterSerializer])
    def list(self, request: Request, stock_take_id: int) -> Response:
        """List the lines beside the book of the moment of counting, what differs most in money first.

        Whoever may not see the book gets them as they were counted, with null for all that depends on it.
        """
        only = self.asked(LinesFilterSerializer, request).get("only")
        take = stock_take_for(actor_of(request), stock_take_id)
        if sees_book(actor_of(request), take):
            wanted = LinesWanted(only_differences=only == DIFFERENCES, only_unapproved=only == UNAPPROVED)
            return self.rows(variance_lines(take, wanted, self.window(request)), variance_key)
        if only is not None:
            raise InvalidRequest({"only": ["In a blind count whoever counts does not see what differs."]})
        return self.rows(counted_lines(take, self.window(request, order="blind")), counted_key)


class ToCountEndpoint(RowsEndpoint):
    """What nobody has counted yet."""

    serializer_class = ToCountSerializer

    @extend_schema(operation_id="inventory_stock_takes_to_count")
    def list(self, request: Request, stock_take_id: int) -> Response:
        """List the batches that are still to be counted, by product name."""
        take = stock_take_for(actor_of(request), stock_take_id)
        return self.rows(to_count(take, self.window(request)), to_count_key)


class ObservationEndpoint(Endpoint):
    """What was seen by whom."""

    queryset = StockTakeObservation.unscoped.none()
    serializer_class = KeptObservationSerializer
    filter_backends = ()

    @extend_schema(operation_id="inventory_stock_takes_observations", parameters=[ObservationFilterSerializer])
    def list(self, request: Request, stock_take_id: int) -> Response:
        """List what was seen, in the order in which it was written down; what a recount replaced is still there."""
        asked = checked(ObservationFilterSerializer(data=request.query_params.dict()))
        actor = actor_of(request)
        take = stock_take_for(actor, stock_take_id)
        page = self.page_of(observations_of(take, **asked))
        if not sees_book(actor, take):
            for seen in page.data["results"]:
                seen.update(_WITHOUT_THE_BOOK)
        return page


class CountScanEndpoint(Endpoint):
    """What scanned goods are, for whoever counts."""

    queryset = StockTakeObservation.unscoped.none()
    serializer_class = CountScanSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(
        operation_id="inventory_stock_takes_lookup", parameters=[SCANNED_CODE], responses={200: CountScanSerializer}
    )
    def look_up(self, request: Request, stock_take_id: int) -> Response:
        """Find what a scanned code is on: the variation, its pack, and the batches here, or what to fill in."""
        take = stock_take_for(actor_of(request), stock_take_id)
        today = outlet_today(take.outlet.timezone, timezone.now())
        match = find_by_scan(parse_scan(scanned_code(request), today=today))
        return Response({**ScanSerializer(match).data, **ScannedHereSerializer(scanned(take, match)).data})
