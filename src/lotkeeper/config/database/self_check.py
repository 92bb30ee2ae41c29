"""The start-up self-check: does this database keep the promises the ledger is built on?

Each check asks the catalogue, as the application's own role, and answers in a sentence. A refusal stops
``lotkeeper up``; an operator who knows better (a hosted service that keeps data safe by other means) names its code
in ``LOTKEEPER_ACCEPTED_FINDINGS`` and is only warned.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from lotkeeper.config.database.binaries import OLDEST_MAJOR
from lotkeeper.config.database.connection import APP_ROLE
from lotkeeper.config.database.roles import POSTER_ROLE

Connection = psycopg.Connection[tuple[Any, ...]]

#: The tables that only the posting functions may write, and that refuse everybody else by trigger.
LEDGER_TABLES = ("stock_batch", "stock_item", "stock_movement", "stock_operation")
#: Global tables that name a tenant: a person logs in before their tenant is known.
GLOBAL_TABLES = ("accounts_user",)


class Severity(enum.Enum):
    """Whether Lotkeeper starts all the same."""

    REFUSE = "refused"
    WARN = "warning"


@dataclass(frozen=True)
class Finding:
    """One promise that does not hold."""

    severity: Severity
    code: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.severity.value}: {self.sentence} [{self.code}]"


def self_check(connection: Connection, accepted: Iterable[str] = ()) -> list[Finding]:
    """Everything that is wrong with the database, refusals first.

    Args:
        connection: a connection as the application's role.
        accepted: codes that the operator has accepted: they warn, and no longer refuse.
    """
    known = frozenset(accepted)
    found = [finding for check in _CHECKS for finding in check(connection)]
    weighed = [replace(finding, severity=Severity.WARN) if finding.code in known else finding for finding in found]
    return sorted(weighed, key=lambda finding: (finding.severity is Severity.WARN, finding.code))


def _version(connection: Connection) -> Iterator[Finding]:
    version = connection.info.server_version // 10_000
    if version < OLDEST_MAJOR:
        sentence = f"The server is PostgreSQL {version}; Lotkeeper needs {OLDEST_MAJOR} or newer."
        yield Finding(Severity.REFUSE, "server_too_old", sentence)


def _encoding(connection: Connection) -> Iterator[Finding]:
    [encoding] = _column(
        connection, "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
    )
    if encoding != "UTF8":
        sentence = f"The database's encoding is {encoding}; names in other scripts need UTF8."
        yield Finding(Severity.REFUSE, "encoding", sentence)


def _durability(connection: Connection) -> Iterator[Finding]:
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        if connection.execute("SELECT current_setting(%s)", [setting]).fetchone() == ("off",):
            sentence = f"{setting} is off: a power cut can lose sales that were acknowledged, or damage the ledger."
            yield Finding(Severity.REFUSE, f"{setting}_off", sentence)


def _role_rights(connection: Connection) -> Iterator[Finding]:
    role, unbound = _row(
        connection, "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    if unbound:
        sentence = f"The application connects as {role}, whom row-level security does not bind."
        yield Finding(Severity.REFUSE, "role_not_bound", sentence)
    if _column(connection, "SELECT FROM pg_roles WHERE rolname = %s AND pg_has_role(oid, 'MEMBER')", POSTER_ROLE):
        sentence = f"The application's role {role} may act as {POSTER_ROLE}, and write stock past the functions."
        yield Finding(Severity.REFUSE, "role_is_poster", sentence)


def _ownership(connection: Connection) -> Iterator[Finding]:
    owned = _column(
        connection,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') "
        "AND pg_has_role(relowner, 'MEMBER') ORDER BY relname",
    )
    own_role_exists = bool(_column(connection, "SELECT FROM pg_roles WHERE rolname = %s", APP_ROLE))
    if owned and own_role_exists:
        sentence = f"The application's role owns tables ({_some(owned)}); let it connect as {APP_ROLE}."
        yield Finding(Severity.REFUSE, "role_owns_tables", sentence)
    elif owned:
        sentence = (
            "One role does everything (degraded): the database cannot tell the application from its owner. "
            "`lotkeeper provision` makes the roles that keep them apart."
        )
        yield Finding(Severity.WARN, "single_role", sentence)
    if not owned:
        writable = _column(
            connection,
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY (%s) "
            "AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY relname",
            list(LEDGER_TABLES),
        )
        if writable:
            sentence = f"The application may write the ledger's tables directly ({_some(writable)})."
            yield Finding(Severity.REFUSE, "ledger_writable", sentence)


def _guards(connection: Connection) -> Iterator[Finding]:
    weak = _column(
        connection,
        "SELECT format('%%s on %%s', tgname, relname) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE NOT tgisinternal AND tgenabled <> 'A' AND relname = ANY (%s) "
        "AND relnamespace = 'public'::regnamespace ORDER BY 1",
        list(LEDGER_TABLES),
    )
    if weak:
        yield Finding(Severity.REFUSE, "guards_off", f"Guards of the ledger are not always on: {_some(weak)}.")
    bare = _column(
        connection,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = ANY (%s) "
        "AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal) ORDER BY relname",
        list(LEDGER_TABLES),
    )
    if bare:
        yield Finding(Severity.REFUSE, "guards_missing", f"Tables of the ledger have lost their guards: {_some(bare)}.")


def _row_level_security(connection: Connection) -> Iterator[Finding]:
    open_tables = _column(
        connection,
        "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'tenant_id' "
        "WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT attisdropped "
        "AND relname <> ALL (%s) "
        "AND (NOT relrowsecurity OR EXISTS (SELECT FROM pg_policy, unnest(polroles) AS role (oid) "
        "  WHERE polrelid = pg_class.oid AND polpermissive "
        "  AND (role.oid = 0 OR role.oid = (SELECT oid FROM pg_roles WHERE rolname = current_user)) "
        "  AND (pg_get_expr(polqual, polrelid) NOT LIKE '%%current_tenant()%%' "
        "       OR pg_get_expr(polwithcheck, polrelid) NOT LIKE '%%current_tenant()%%'))) ORDER BY relname",
        list(GLOBAL_TABLES),
    )
    if open_tables:
        sentence = f"Row-level security is off or open on {_some(open_tables)}: one tenant could read another's rows."
        yield Finding(Severity.REFUSE, "row_security_off", sentence)


def _constraints(connection: Connection) -> Iterator[Finding]:
    unchecked = _column(
        connection,
        "SELECT format('%%s on %%s', conname, conrelid::regclass) FROM pg_constraint "
        "WHERE NOT convalidated AND contype IN ('f', 'c') AND connamespace = 'public'::regnamespace ORDER BY 1",
    )
    if unchecked:
        sentence = f"Rows from before were never held to these rules: {_some(unchecked)}; use VALIDATE CONSTRAINT."
        yield Finding(Severity.WARN, "constraints_not_validated", sentence)


def _open_to_all(connection: Connection) -> Iterator[Finding]:
    temporary, create = _row(
        connection,
        "SELECT has_database_privilege('public', current_database(), 'TEMPORARY'), "
        "has_database_privilege('public', current_database(), 'CREATE') "
        "OR has_schema_privilege('public', 'public', 'CREATE')",
    )
    if temporary:
        sentence = "Everybody may make temporary tables here, and hide real ones behind them."
        yield Finding(Severity.WARN, "temporary_open", sentence)
    if create:
        yield Finding(Severity.REFUSE, "create_open", "Everybody may create tables and functions in this database.")


_CHECKS: tuple[Callable[[Connection], Iterator[Finding]], ...] = (
    _version,
    _encoding,
    _durability,
    _role_rights,
    _ownership,
    _guards,
    _row_level_security,
    _constraints,
    _open_to_all,
)


def _column(connection: Connection, query: str, *parameters: object) -> list[Any]:
    rows = connection.execute(query, parameters).fetchall()
    return [row[0] if row else None for row in rows]


def _row(connection: Connection, query: str) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    if row is None:
        message = "the catalogue gave no answer"
        raise RuntimeError(message)
    return row


def _some(names: list[str], shown: int = 5) -> str:
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
