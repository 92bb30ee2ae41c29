"""With one role only the guards are weaker, but they stand, and the check knows what they must look like there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lotkeeper.config.database.embedded import SOCKET_PORT, EmbeddedServer
from lotkeeper.config.database.server_settings import THROWAWAY


@pytest.fixture(scope="module")
def shop_address() -> Iterator[str]:
    """A database on a server without our roles, migrated by its only role."""
    with tempfile.TemporaryDirectory(prefix="lk-") as folder:
        Path(folder).chmod(0o755)  # The server's account has to walk through.
        server = EmbeddedServer(Path(folder), THROWAWAY)
        server.start(with_parent=True)
        place = {"host": str(server.socket), "port": SOCKET_PORT}
        with psycopg.connect(make_conninfo(user="postgres", dbname="postgres", **place), autocommit=True) as admin:
            admin.execute("CREATE ROLE shop LOGIN")
            admin.execute("CREATE DATABASE shop OWNER shop TEMPLATE template0 ENCODING 'UTF8'")
        address = make_conninfo(user="shop", dbname="shop", **place)
        migrated = lotkeeper("migrate", "--verbosity", "0", address=address)
        assert migrated.returncode == 0, migrated.stderr
        yield address
        server.stop()


def lotkeeper(*words: str, address: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    return subprocess.run(
        [sys.executable, "-m", "lotkeeper.config.cli", *words],
        env={**inherited, "DATABASE_URL": address}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_the_guards_of_a_single_role_are_sound(shop_address: str) -> None:
    checked = lotkeeper("check", "--json", address=shop_address)
    assert checked.returncode == 0, checked.stderr
    # Before there is a business the guards are all there is to look at.
    [result] = json.loads(checked.stdout)
    assert (result["tenant_id"], result["name"], result["offending"]) == (0, "guards", [])


def test_a_guard_that_is_gone_is_found_there_too(shop_address: str) -> None:
    with psycopg.connect(shop_address, autocommit=True) as connection:
        connection.execute("ALTER TABLE stock_item DISABLE TRIGGER guard_write")
        try:
            checked = lotkeeper("check", address=shop_address)
        finally:
            connection.execute("ALTER TABLE stock_item ENABLE ALWAYS TRIGGER guard_write")
    assert checked.returncode == 1
    assert "No business yet" in checked.stdout
    assert "guard_write on stock_item" in checked.stdout
    assert "1 check failed." in checked.stderr
