"""Scanned codes over HTTP."""

from __future__ import annotations

from typing import Final

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.catalog.api.base import CatalogEndpoint
from lotkeeper.catalog.api.serializers import ScanSerializer
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.policies import MAX_SCAN_LENGTH, parse_scan
from lotkeeper.catalog.queries import find_by_scan
from lotkeeper.core.errors import InvalidRequest

SCANNED_CODE: Final = OpenApiParameter(
    "code",
    str,
    required=True,
    description="As the scanner sent it: a product number, a GS1 message (%1D between its elements), or a SKU.",
)


class LookupEndpoint(CatalogEndpoint):
    """What a scanned code stands for."""

    queryset = ItemVariation.unscoped.none()
    serializer_class = ScanSerializer
    pagination_class = None
    filter_backends = ()

    @extend_schema(parameters=[SCANNED_CODE], operation_id="lookup", responses={200: ScanSerializer})
    def look_up(self, request: Request) -> Response:
        """Find the variation, and the batch and expiry date if the code holds them; 404 `unknown_code` otherwise."""
        return self.shown(find_by_scan(parse_scan(scanned_code(request), today=timezone.localdate())))


def scanned_code(request: Request) -> str:
    """The code that an address asks about.

    Raises:
        InvalidRequest: if there is none, or it is longer than codes are.
    """
    code: str = request.query_params.get("code", "")
    if not code.strip() or len(code) > MAX_SCAN_LENGTH:
        raise InvalidRequest({"code": [f"Send the scanned code: 1 to {MAX_SCAN_LENGTH} characters."]})
    return code
