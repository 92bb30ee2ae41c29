"""What the views of stock share: reading, posting, references for safe retries, and the headers of an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from lotkeeper.accounts.request_log import OPERATION_HEADER
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.stock.api.pagination import RowKeysetPagination
from lotkeeper.stock.errors import ReferencesDiffer
from lotkeeper.stock.queries import Window
from lotkeeper.web.api import Endpoint, checked

REFERENCE_LIMIT: Final = 200
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "Idempotency-Replayed"

IDEMPOTENCY_KEY: Final = OpenApiParameter(
    IDEMPOTENCY_HEADER,
    {"type": "string", "minLength": 1, "maxLength": REFERENCE_LIMIT},
    OpenApiParameter.HEADER,
    description="The same as `reference_id`, for clients that send it as a header. Both may be given if they agree.",
)
_OPERATION_ID: Final = OpenApiParameter(
    OPERATION_HEADER, int, OpenApiParameter.HEADER, response=True, description="The operation that was posted."
)
_REPLAYED: Final = OpenApiParameter(
    REPLAYED_HEADER,
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=True,
    description="Only when the same request was posted before: this is the first answer again.",
)
#: What the OpenAPI document says of every call that may be sent again.
RETRIED_PARAMETERS: Final = [IDEMPOTENCY_KEY, _REPLAYED]
#: And of every call that posts.
POSTING_PARAMETERS: Final = [IDEMPOTENCY_KEY, _OPERATION_ID, _REPLAYED]


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class PostingEndpoint(Endpoint):
    """Views that change stock, outside the transaction that ordinary views are wrapped in.

    Each operation is so its own outermost transaction, and may be tried again. Whatever such a view reads by itself, it
    reads in a transaction that it opens (``reading``).
    """


class RowsEndpoint(Endpoint):
    """Views of lists that a query orders by several columns."""

    pagination_class = RowKeysetPagination
    filter_backends = ()

    def asked(self, serializer_class: type[BaseSerializer[Any]], request: Request) -> Mapping[str, Any]:
        """What the address asks for, checked; what it leaves open is left out."""
        asked: Mapping[str, Any] = checked(serializer_class(data=request.query_params.dict()))
        return asked

    def window(self, request: Request, order: str = "") -> Window:
        """Where the page that is asked for begins; ``order`` tells the orders of one list apart."""
        return self._rows_paginator.window(request, order)

    def rows(self, found: Sequence[Any], key: Callable[[Any], Sequence[str | int]]) -> Response:
        """One page of what was read."""
        page = self._rows_paginator.shown(found, key)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @property
    def _rows_paginator(self) -> RowKeysetPagination:
        paginator = self.paginator
        assert isinstance(paginator, RowKeysetPagination)  # noqa: S101  # set above; for the type checker
        return paginator


def reference_of(request: Request | HttpRequest, body: Mapping[str, Any]) -> str | None:
    """The request's reference, from its body or its header.

    Raises:
        ReferencesDiffer: if both are given and say different things.
        InvalidRequest: if the header cannot be a reference.
    """
    told: str | None = body.get("reference_id")
    header = request.headers.get(IDEMPOTENCY_HEADER)
    if header is None:
        return told
    key = header.strip()
    # The standard's draft writes the key in quotes, most clients without.
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not 1 <= len(key) <= REFERENCE_LIMIT or not key.isascii() or not key.isprintable():
        raise InvalidRequest({IDEMPOTENCY_HEADER: [f"Must be 1 to {REFERENCE_LIMIT} printable ASCII characters."]})
    if told is not None and told != key:
        raise ReferencesDiffer(reference_id=told, idempotency_key=key)
    return key


def with_posted_headers(answer: Response, operation_id: int, *, replayed: bool) -> Response:
    """The answer, with the headers of something that was posted."""
    for name, value in posted_headers(operation_id, replayed=replayed).items():
        answer.headers[name] = value
    return answer


def posted_headers(operation_id: int, *, replayed: bool) -> dict[str, str]:
    """The headers of an answer to something that was posted, now or before."""
    return {OPERATION_HEADER: str(operation_id), **retried_headers(replayed=replayed)}


def retried_headers(*, replayed: bool) -> dict[str, str]:
    """The headers of an answer to a request that may have been carried out before."""
    return {REPLAYED_HEADER: "true"} if replayed else {}


@contextmanager
def reading() -> Iterator[None]:
    """A transaction for what a posting view reads by itself."""
    with transaction.atomic():
        yield
