"""Lists in pages that cost the same however far one reads: by key, never by offset."""

from __future__ import annotations

import contextlib
from typing import Any

from django.core import signing
from django.db.models import QuerySet
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from lotkeeper.core.errors import InvalidRequest
from lotkeeper.web.errors import InvalidCursor


class KeysetPagination(CursorPagination):
    """DRF's cursor pagination with bounds. Cursors are signed for their list, so a made-up one is refused.

    A view names its order as ``ordering``; its first field should be nearly unique and never null.
    """

    ordering = "id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        """The page that the request asks for."""
        self._signer = signing.Signer(salt=f"cursor:{request.path}")
        return super().paginate_queryset(queryset, request, view)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        """The view's own order, if it has one."""
        ordering = getattr(view, "ordering", None) or super().get_ordering(request, queryset, view)
        return (ordering,) if isinstance(ordering, str) else tuple(ordering)

    def get_page_size(self, request: Request) -> int:
        """How many rows: 50 unless asked otherwise, 1 to 200."""
        asked = request.query_params.get("page_size")
        if asked is None:
            return self.page_size
        with contextlib.suppress(ValueError):
            if asked.isascii() and 1 <= int(asked) <= self.max_page_size:
                return int(asked)
        raise InvalidRequest({"page_size": [f"Must be a whole number from 1 to {self.max_page_size}."]})

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The two parameters, with their bounds."""
        size = {"type": "integer", "minimum": 1, "maximum": self.max_page_size, "default": self.page_size}
        return [
            {
                "name": self.cursor_query_param,
                "in": "query",
                "required": False,
                "description": "Where to go on; take it from `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": self.page_size_query_param,
                "in": "query",
                "required": False,
                "description": "How many rows.",
                "schema": size,
            },
        ]

    def encode_cursor(self, cursor: Cursor) -> str:
        """The address of a neighbouring page."""
        sealed = self._signer.sign_object([cursor.offset, int(cursor.reverse), cursor.position])
        return replace_query_param(self.base_url or "", self.cursor_query_param, sealed)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The place that the request names, or None for the first page."""
        sealed = request.query_params.get(self.cursor_query_param)
        if sealed is None:
            return None
        try:
            offset, reverse, position = self._signer.unsign_object(sealed)
        except (signing.BadSignature, ValueError) as error:
            raise InvalidCursor from error
        return Cursor(offset=offset, reverse=bool(reverse), position=position)
