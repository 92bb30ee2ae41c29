"""Pages of rows that a query orders by several columns: each begins exactly after the last row of the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from django.core import signing
from rest_framework.pagination import Cursor
from rest_framework.request import Request

from lotkeeper.stock.queries import Window
from lotkeeper.web.pagination import KeysetPagination

Row = TypeVar("Row")


class RowKeysetPagination(KeysetPagination):
    """Keyset pages over whole keys. The query is told where to begin and how many rows to read (``window``)."""

    def window(self, request: Request, order: str = "") -> Window:
        """Where the page that the request asks for begins, and how many rows tell whether there is another.

        Args:
            request: names the page.
            order: of a list that has several, the one that is asked for: a cursor is good for its own.
        """
        self.base_url = request.build_absolute_uri()
        self._signer = signing.Signer(salt=f"cursor:{request.path}{order}")
        self._rows_asked = self.get_page_size(request)
        self._cursor = self.decode_cursor(request)
        if self._cursor is None:
            return Window(None, self._rows_asked + 1)
        # What was signed for this list is a key of it.
        position: Any = self._cursor.position
        return Window(tuple(position), self._rows_asked + 1, backwards=self._cursor.reverse)

    def shown(self, rows: Sequence[Row], key: Callable[[Row], Sequence[str | int]]) -> Sequence[Row]:
        """The rows to show, of those that were read; ``key`` names a row's place in the order.

        Args:
            rows: as read for the window: one more than a page if there are more, last first when read backwards.
            key: the row's place, in values that JSON has.
        """
        backwards = self._cursor is not None and self._cursor.reverse
        more = len(rows) > self._rows_asked
        page = list(rows[: self._rows_asked])
        if backwards:
            page.reverse()
        has_next = bool(page) and (more or backwards)
        has_previous = bool(page) and (more if backwards else self._cursor is not None)
        self._next = self._address(key(page[-1]), reverse=False) if has_next else None
        self._previous = self._address(key(page[0]), reverse=True) if has_previous else None
        return page

    def get_next_link(self) -> str | None:
        """The address of the page after this one."""
        return self._next

    def get_previous_link(self) -> str | None:
        """The address of the page before this one."""
        return self._previous

    def _address(self, position: Sequence[str | int], *, reverse: bool) -> str:
        whole_key: Any = list(position)
        return self.encode_cursor(Cursor(offset=0, reverse=reverse, position=whole_key))
