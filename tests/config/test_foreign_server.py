"""A PostgreSQL that is not ours: with our roles, or with a single one of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lotkeeper.config.database.embedded import SOCKET_PORT, EmbeddedServer
from lotkeeper.config.database.self_check import Severity, self_check
from lotkeeper.config.database.server_settings import THROWAWAY


@pytest.fixture
def foreign_server() -> Iterator[EmbeddedServer]:
    """A server that has never heard of Lotkeeper."""
    with tempfile.TemporaryDirectory(prefix="lk-") as folder:
        Path(folder).chmod(0o755)  # The server's account has to walk through.
        server = EmbeddedServer(Path(folder), THROWAWAY)
        server.start(with_parent=True)
        yield server
        server.stop()


def address(server: EmbeddedServer, role: str, database: str) -> str:
    return make_conninfo(host=str(server.socket), port=SOCKET_PORT, user=role, dbname=database)


def lotkeeper(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    withheld = {"DATABASE_URL", "DATABASE_OWNER_URL", "DJANGO_SETTINGS_MODULE"}
    inherited = {name: value for name, value in os.environ.items() if name not in withheld}
    return subprocess.run(
        [sys.executable, "-m", "lotkeeper.config.cli", *words],
        env={**inherited, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def codes_and_severities(conninfo: str) -> dict[str, Severity]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found = self_check(connection)
    return {f.code: f.severity for f in found if not f.code.endswith("_off")}  # The tests' servers are not durable.


def test_with_a_single_role_it_works_and_says_so(foreign_server: EmbeddedServer) -> None:
    with psycopg.connect(address(foreign_server, "postgres", "postgres"), autocommit=True) as admin:
        assert admin.execute("SELECT FROM pg_roles WHERE rolname LIKE 'lk\\_%'").fetchone() is None
        admin.execute("CREATE ROLE shop LOGIN")
        admin.execute("CREATE DATABASE shop OWNER shop TEMPLATE template0 ENCODING 'UTF8'")
    shop = address(foreign_server, "shop", "shop")
    migrated = lotkeeper("migrate", "--verbosity", "0", DATABASE_URL=shop)
    assert migrated.returncode == 0, migrated.stderr
    assert codes_and_severities(shop) == {"single_role": Severity.WARN, "temporary_open": Severity.WARN}


def test_provision_makes_all_that_is_needed_and_prints_the_addresses(foreign_server: EmbeddedServer) -> None:
    admin = address(foreign_server, "postgres", "postgres")
    made = lotkeeper("provision", "--admin-url", admin, "--database", "pharmacy")
    assert made.returncode == 0, made.stderr
    assert "Made the database pharmacy, owned by lk_owner." in made.stdout
    addresses = dict(re.findall(r"^(DATABASE_\w+)=(postgresql://.+)$", made.stdout, re.MULTILINE))
    assert sorted(addresses) == ["DATABASE_OWNER_URL", "DATABASE_URL"]
    migrated = lotkeeper("migrate", "--verbosity", "0", **addresses)
    assert migrated.returncode == 0, migrated.stderr
    assert codes_and_severities(addresses["DATABASE_URL"]) == {}
    with psycopg.connect(addresses["DATABASE_URL"]) as connection:
        assert connection.info.user == "lk_app"

    again = lotkeeper("provision", "--admin-url", admin, "--database", "pharmacy")
    assert again.returncode == 0, again.stderr
    assert "new password" not in again.stdout
    assert "lk_app:<its password>@" in again.stdout


def test_a_server_that_is_away_is_said_plainly() -> None:
    asked = lotkeeper("psql", "-c", "SELECT 1", DATABASE_URL="postgresql://lk_app@127.0.0.1:1/lotkeeper")
    assert asked.returncode == 2  # psql's own answer
    assert "Connection refused" in asked.stderr
    shown = lotkeeper("showmigrations", DATABASE_URL="postgresql://lk_app@127.0.0.1:1/lotkeeper")
    assert shown.returncode == 1
    assert "Traceback" not in shown.stderr
