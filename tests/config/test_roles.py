"""Who may what, and that making the roles twice changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lotkeeper.config.database.roles import provision
from lotkeeper.testing import drop_database


@pytest.fixture
def admin(database_url: str) -> Iterator[psycopg.Connection]:
    """As an administrator connects: to the server's own database, where all who provision meet."""
    address = make_conninfo("", **{**conninfo_to_dict(database_url), "user": "postgres", "dbname": "postgres"})
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


def test_each_role_has_the_rights_it_needs_and_no_others(superuser_connection: psycopg.Connection) -> None:
    roles = superuser_connection.execute(
        "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles "
        "WHERE rolname IN ('lk_owner', 'lk_poster', 'lk_app', 'lk_backup') ORDER BY rolname"
    ).fetchall()
    assert roles == [
        ("lk_app", True, False, False, False, False),
        ("lk_backup", True, False, True, False, False),
        ("lk_owner", True, False, True, False, False),
        ("lk_poster", False, False, False, False, False),
    ]
    memberships = superuser_connection.execute(
        "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members "
        "WHERE member::regrole::text LIKE 'lk\\_%' ORDER BY 1, 2"
    ).fetchall()
    assert memberships == [("lk_poster", "lk_owner"), ("pg_read_all_data", "lk_backup")]


def test_the_application_never_waits_for_ever(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        limits = [
            connection.execute(f"SHOW {setting}").fetchone()
            for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert limits == [("15s",), ("4s",), ("30s",)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "SET ROLE lk_poster",
        "SET ROLE lk_owner",
        "SET ROLE postgres",
        "SET session_replication_role = replica",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_the_application_may_not(database_url: str, statement: str) -> None:
    with psycopg.connect(database_url) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement)


def test_provisioning_twice_makes_nothing_twice(admin: psycopg.Connection) -> None:
    database = f"test_{os.getpid()}_provision"
    try:
        first = provision(admin, database)
        second = provision(admin, database)
        assert f"Made the database {database}, owned by lk_owner." in first
        assert second == [
            "lk_owner may act as lk_poster; lk_backup may read everything.",
            f"Only lk_owner may create anything in the database {database}.",
        ]
        row = admin.execute(
            "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), "
            "has_database_privilege('public', oid, 'TEMPORARY'), has_database_privilege('public', oid, 'CREATE') "
            "FROM pg_database WHERE datname = %s",
            [database],
        ).fetchone()
        assert row == ("lk_owner", "UTF8", False, False)
    finally:
        drop_database(admin, database)


def test_two_who_provision_at_once_make_one_database(admin: psycopg.Connection) -> None:
    database = f"test_{os.getpid()}_at_once"
    address = make_conninfo(admin.info.dsn)

    def once(_: int) -> list[str]:
        with psycopg.connect(address, autocommit=True) as connection:
            return provision(connection, database)

    try:
        with ThreadPoolExecutor(4) as pool:
            told = list(pool.map(once, range(4)))
        made = f"Made the database {database}, owned by lk_owner."
        assert [made in sentences for sentences in told].count(True) == 1
    finally:
        drop_database(admin, database)


def test_a_password_is_set_where_one_is_given(admin: psycopg.Connection) -> None:
    database = f"test_{os.getpid()}_password"
    try:
        done = provision(admin, database, {"lk_backup": "a quiet place"})
        assert "Gave lk_backup a new password." in done
        stored = admin.execute(
            "SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = 'lk_backup'"
        ).fetchone()
        assert stored == (True,)
    finally:
        admin.execute(sql.SQL("ALTER ROLE lk_backup PASSWORD NULL"))
        drop_database(admin, database)
