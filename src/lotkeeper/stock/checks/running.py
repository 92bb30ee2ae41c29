"""Running the checks, through Django's connection or on any other."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import psycopg
from django.db import DatabaseError, connection, transaction

from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock.checks.shipped import shipped_checks, shipped_functions

#: How many offending rows are shown; all are counted.
SHOWN = 20
#: Broken content (22) or a missing table or column (42) is a finding, not a reason to stop; a missing right (42501) is.
_BROKEN_CLASSES = ("22", "42")
_NO_RIGHT = "42501"

_COUNT = "SELECT count(*) FROM {table} WHERE tenant_id = %(tenant)s"
_FIRST_ROWS = "SELECT count(*) OVER (), to_jsonb(o)::text FROM (\n{statement}\n) o ORDER BY to_jsonb(o) LIMIT {shown}"


class Cursor(Protocol):
    """What a check needs of a cursor: Django's has it, and psycopg's."""

    def execute(self, query: Any, params: Any = ..., /) -> Any: ...
    def fetchall(self) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check came out for one business."""

    name: str
    promise: str
    found: int
    #: The first offending rows, by column.
    offending: Sequence[Mapping[str, Any]]
    examined: int
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether the promise holds."""
        return self.found == 0


def check_names() -> Sequence[str]:
    """The names of all checks."""
    return list(shipped_checks())


def run_checks(tenant_id: int, only: Collection[str] | None = None) -> list[CheckResult]:
    """Check one business, while it goes on selling: each check sees one moment.

    Args:
        tenant_id: which business.
        only: names of the checks to run; None for all.

    Raises:
        KeyError: for a name that no check has.
    """
    with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
        # A check of a large ledger takes longer than any request may.
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL work_mem = '64MB'")
        return list(check_tenant(cursor, tenant_id, only))


def check_tenant(cursor: Cursor, tenant_id: int, only: Collection[str] | None = None) -> Iterator[CheckResult]:
    """Check one business on a cursor whose transaction is open and has this tenant.

    Raises:
        KeyError: for a name that no check has.
    """
    functions = shipped_functions()
    parameters = {
        "tenant": tenant_id,
        "functions": functions.names,
        "bodies": functions.bodies,
        "definers": functions.definers,
        "search_paths": functions.search_paths,
        "doors": functions.doors,
    }
    checks = shipped_checks()
    examined: dict[str | None, int] = {None: 0}
    # The tables meant are the real ones, whatever temporary ones this session may have.
    cursor.execute("SET LOCAL search_path = pg_catalog, public, pg_temp")
    # Every row is looked at, so tables are joined as a whole: joined row by row, on a guess from before they grew, a
    # check that takes a second takes hours.
    cursor.execute("SET LOCAL enable_nestloop = off")
    cursor.execute("SET LOCAL jit = off")
    for check in checks.values() if only is None else [checks[name] for name in only]:
        started = time.perf_counter()
        rows = _rows(cursor, _FIRST_ROWS.format(statement=check.statement, shown=SHOWN), parameters)
        seconds = time.perf_counter() - started
        if isinstance(rows, _Unreadable):
            yield CheckResult(check.name, check.promise, 1, [{"unreadable": rows.why}], 0, seconds)
            continue
        if check.table not in examined:
            counted = _rows(cursor, _COUNT.format(table=check.table), parameters)
            examined[check.table] = 0 if isinstance(counted, _Unreadable) else counted[0][0]
        offending = [json.loads(row, parse_float=Decimal) for _, row in rows]
        found = rows[0][0] if rows else 0
        yield CheckResult(check.name, check.promise, found, offending, examined[check.table], seconds)


@dataclass(frozen=True, slots=True)
class _Unreadable:
    why: str


def _rows(cursor: Cursor, statement: str, parameters: Mapping[str, Any]) -> list[Any] | _Unreadable:
    cursor.execute("SAVEPOINT one_check")
    try:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    except (psycopg.DatabaseError, DatabaseError) as error:
        cause = error if isinstance(error, psycopg.DatabaseError) else error.__cause__
        state = getattr(cause, "sqlstate", None) or ""
        if not state.startswith(_BROKEN_CLASSES) or state == _NO_RIGHT:
            raise
        cursor.execute("ROLLBACK TO SAVEPOINT one_check")
        return _Unreadable(str(error).partition("\n")[0])
    cursor.execute("RELEASE SAVEPOINT one_check")
    return rows
