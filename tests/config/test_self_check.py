"""The self-check sees each broken promise: every test breaks one in a database of its own."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from lotkeeper.config.database.self_check import Finding, Severity, self_check

Address = Callable[[str], str]

# The tests' own server gives up durability for speed, so these are always found there; `test_up.py` shows a sound one.
OF_THE_TEST_SERVER = {"fsync_off", "full_page_writes_off", "synchronous_commit_off"}


def findings(address: str, accepted: tuple[str, ...] = ()) -> list[Finding]:
    with psycopg.connect(address, autocommit=True) as connection:
        return [f for f in self_check(connection, accepted) if f.code not in OF_THE_TEST_SERVER]


def codes(address: str) -> list[str]:
    return [finding.code for finding in findings(address)]


def run(address: str, *statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def scratch_role(superuser_connection: psycopg.Connection) -> Iterator[str]:
    """A role of the test's own: the product's are shared with every other test."""
    role = f"scratch_{os.getpid()}_{secrets.token_hex(3)}"
    superuser_connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    yield role
    superuser_connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def test_a_migrated_database_is_sound(scratch_database: Address) -> None:
    assert findings(scratch_database("lk_app")) == []


def test_lost_durability_is_refused(scratch_database: Address) -> None:
    with psycopg.connect(scratch_database("lk_app"), autocommit=True) as connection:
        found = {f.code: f.severity for f in self_check(connection)}
    assert found == dict.fromkeys(OF_THE_TEST_SERVER, Severity.REFUSE)


def test_an_accepted_finding_only_warns(scratch_database: Address) -> None:
    with psycopg.connect(scratch_database("lk_app"), autocommit=True) as connection:
        found = {f.code: f.severity for f in self_check(connection, ["fsync_off"])}
    assert found["fsync_off"] is Severity.WARN
    assert found["full_page_writes_off"] is Severity.REFUSE


def test_a_superuser_is_refused(scratch_database: Address) -> None:
    found = findings(scratch_database("postgres"))
    assert [f.code for f in found] == ["role_is_poster", "role_not_bound", "role_owns_tables"]
    assert {f.severity for f in found} == {Severity.REFUSE}


def test_the_owner_is_refused_where_the_application_has_its_own_role(scratch_database: Address) -> None:
    assert codes(scratch_database("lk_owner")) == ["role_is_poster", "role_not_bound", "role_owns_tables"]


def test_a_role_past_row_level_security_is_refused(
    scratch_database: Address, superuser_connection: psycopg.Connection, scratch_role: str
) -> None:
    superuser_connection.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(sql.Identifier(scratch_role)))
    assert codes(scratch_database(scratch_role)) == ["role_not_bound"]


def test_a_member_of_the_posting_role_is_refused(
    scratch_database: Address, superuser_connection: psycopg.Connection, scratch_role: str
) -> None:
    superuser_connection.execute(sql.SQL("GRANT lk_poster TO {}").format(sql.Identifier(scratch_role)))
    assert codes(scratch_database(scratch_role)) == ["ledger_writable", "role_is_poster"]


def test_a_ledger_the_application_may_write_is_refused(scratch_database: Address) -> None:
    run(scratch_database("postgres"), "GRANT INSERT ON stock_movement TO lk_app")
    [finding] = findings(scratch_database("lk_app"))
    assert (finding.code, finding.severity) == ("ledger_writable", Severity.REFUSE)
    assert "(stock_movement)" in finding.sentence


@pytest.mark.parametrize("state", ["DISABLE TRIGGER", "ENABLE TRIGGER", "ENABLE REPLICA TRIGGER"])
def test_a_guard_that_is_not_always_on_is_refused(scratch_database: Address, state: str) -> None:
    run(scratch_database("postgres"), f"ALTER TABLE stock_movement {state} guard_change")
    [finding] = findings(scratch_database("lk_app"))
    assert (finding.code, finding.severity) == ("guards_off", Severity.REFUSE)
    assert "guard_change on stock_movement" in finding.sentence


def test_a_table_without_its_guards_is_refused(scratch_database: Address) -> None:
    run(
        scratch_database("postgres"),
        "DROP TRIGGER guard_write ON stock_item",
        "DROP TRIGGER guard_truncate ON stock_item",
    )
    [finding] = findings(scratch_database("lk_app"))
    assert (finding.code, finding.severity) == ("guards_missing", Severity.REFUSE)
    assert "stock_item" in finding.sentence


@pytest.mark.parametrize(
    "breach",
    [
        "ALTER TABLE outlets_outlet DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY everything ON outlets_outlet USING (true)",
    ],
)
def test_a_tenant_table_without_row_level_security_is_refused(scratch_database: Address, breach: str) -> None:
    run(scratch_database("postgres"), breach)
    [finding] = findings(scratch_database("lk_app"))
    assert (finding.code, finding.severity) == ("row_security_off", Severity.REFUSE)
    assert "outlets_outlet" in finding.sentence


def test_a_constraint_that_was_never_validated_is_a_warning(scratch_database: Address) -> None:
    run(
        scratch_database("postgres"),
        "ALTER TABLE outlets_outlet ADD CONSTRAINT unchecked CHECK (name <> 'x') NOT VALID",
    )
    [finding] = findings(scratch_database("lk_app"))
    assert (finding.code, finding.severity) == ("constraints_not_validated", Severity.WARN)
    assert "unchecked on outlets_outlet" in finding.sentence


def test_rights_of_everybody_are_found(scratch_database: Address, superuser_connection: psycopg.Connection) -> None:
    database = psycopg.conninfo.conninfo_to_dict(scratch_database("lk_app"))["dbname"]
    name = sql.Identifier(str(database))
    superuser_connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(name))
    [finding] = findings(scratch_database("lk_app"))
    assert (finding.code, finding.severity) == ("temporary_open", Severity.WARN)
    run(scratch_database("postgres"), "GRANT CREATE ON SCHEMA public TO PUBLIC")
    assert codes(scratch_database("lk_app")) == ["create_open", "temporary_open"]


def test_an_encoding_that_cannot_hold_every_name_is_refused(
    superuser_connection: psycopg.Connection, scratch_database: Address
) -> None:
    name = f"test_{os.getpid()}_latin"
    superuser_connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C' LOCALE_PROVIDER libc").format(
            sql.Identifier(name)
        )
    )
    try:
        address = psycopg.conninfo.make_conninfo(scratch_database("lk_app"), dbname=name)
        assert "encoding" in codes(address)
    finally:
        superuser_connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
