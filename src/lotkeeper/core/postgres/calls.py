"""Calling the functions in the database the short way."""

from __future__ import annotations

import select
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from django.db import connection


def call(statement: str, *values: Any) -> Sequence[tuple[Any, ...]]:
    """Run one statement with its values bound by the server, prepared once a connection; gives all rows.

    Django's own cursor writes the values into the text, which is then parsed and planned each time: 1.4 ms of server
    time a sale instead of 1.1.

    Raises:
        psycopg.DatabaseError: the driver's own error, with its SQLSTATE; the caller knows what it means.
    """
    if connection.connection is not None and not connection.in_atomic_block and _hung_up(connection.connection):
        connection.close()
    connection.ensure_connection()
    cursor: psycopg.Cursor[tuple[Any, ...]] = connection.calls  # type: ignore[attr-defined]  # our own backend keeps it
    return cursor.execute(statement, values, prepare=True).fetchall()


def array_text(values: Iterable[object]) -> str:
    """Numbers as PostgreSQL writes an array of them; the driver's own way costs more than the call it goes with."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def _hung_up(driver: psycopg.Connection) -> bool:
    """Whether the server was restarted under an idle connection: an idle one has nothing to read but a goodbye."""
    return driver.closed or bool(select.select([driver.pgconn.socket], [], [], 0)[0])
