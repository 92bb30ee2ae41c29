"""The four roles and the database: made in the embedded server at each start, elsewhere by ``lotkeeper provision``.

* ``lk_owner`` owns the tables and runs migrations; the web process never connects as it.
* ``lk_poster`` owns nothing but the posting functions; nobody can log in as it.
* ``lk_app`` is the web process and the worker: it owns nothing, and row-level security binds it.
* ``lk_backup`` reads everything and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import sql

from lotkeeper.config.database.connection import APP_ROLE, OWNER_ROLE

POSTER_ROLE = "lk_poster"
BACKUP_ROLE = "lk_backup"
PROVISION_LOCK = 8_271_905  # any number, the same for everybody who provisions

ATTRIBUTES: Mapping[str, str] = {
    OWNER_ROLE: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS",
    POSTER_ROLE: "NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    APP_ROLE: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
    BACKUP_ROLE: "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS",
}

# A till never waits longer than this for a lock, and no request runs on for minutes: better a clear refusal.
APP_LIMITS: Mapping[str, str] = {
    "statement_timeout": "15s",
    "lock_timeout": "4s",
    "idle_in_transaction_session_timeout": "30s",
}


def provision(admin: psycopg.Connection, database: str, passwords: Mapping[str, str] | None = None) -> list[str]:
    """Make the roles and the database where they are missing, and set their rights; may be repeated at any time.

    Args:
        admin: a connection in autocommit mode of a role that may create roles and databases.
        database: the database's name.
        passwords: for each role that is to get a (new) one.

    Returns:
        What was done, a sentence each.
    """
    with _one_at_a_time(admin):
        return _provision(admin, database, passwords or {})


def close_database(admin: psycopg.Connection, database: str) -> None:
    """Take from everybody the right to create tables, temporary ones too; CREATE DATABASE ... TEMPLATE restores it."""
    name = sql.Identifier(database)
    admin.execute(sql.SQL("REVOKE TEMPORARY, CREATE ON DATABASE {} FROM PUBLIC").format(name))


def _provision(admin: psycopg.Connection, database: str, passwords: Mapping[str, str]) -> list[str]:
    done = [
        *(_make_role(admin, role, attributes) for role, attributes in ATTRIBUTES.items()),
        *(_set_password(admin, role, password) for role, password in passwords.items()),
    ]
    for setting, value in APP_LIMITS.items():
        admin.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(sql.Identifier(APP_ROLE), sql.Identifier(setting), value)
        )
    # The owner makes the posting functions and hands them over; the application must never get that far.
    admin.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(POSTER_ROLE), sql.Identifier(OWNER_ROLE)))
    admin.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(sql.Identifier(BACKUP_ROLE)))
    done.append(f"{OWNER_ROLE} may act as {POSTER_ROLE}; {BACKUP_ROLE} may read everything.")
    done.append(_make_database(admin, database))
    close_database(admin, database)
    done.append(f"Only {OWNER_ROLE} may create anything in the database {database}.")
    return [sentence for sentence in done if sentence]


@contextmanager
def _one_at_a_time(admin: psycopg.Connection) -> Iterator[None]:
    """Two first commands at the same moment would both find the database missing, and both make it."""
    admin.execute("SELECT pg_advisory_lock(%s)", [PROVISION_LOCK])
    try:
        yield
    finally:
        admin.execute("SELECT pg_advisory_unlock(%s)", [PROVISION_LOCK])


def _make_role(admin: psycopg.Connection, role: str, attributes: str) -> str:
    exists = admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None
    verb = "ALTER" if exists else "CREATE"
    admin.execute(sql.SQL(f"{verb} ROLE {{}} {attributes}").format(sql.Identifier(role)))
    return "" if exists else f"Made the role {role} ({attributes.lower()})."


def _set_password(admin: psycopg.Connection, role: str, password: str) -> str:
    admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), password))
    return f"Gave {role} a new password."


def _make_database(admin: psycopg.Connection, database: str) -> str:
    if admin.execute("SELECT FROM pg_database WHERE datname = %s", [database]).fetchone() is not None:
        return ""
    # template0, since only it lets another encoding than the cluster's be chosen.
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(
            sql.Identifier(database), sql.Identifier(OWNER_ROLE)
        )
    )
    return f"Made the database {database}, owned by {OWNER_ROLE}."
