"""A database to break, and a home to install into."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lotkeeper.testing import copy_template, drop_database

Address = Callable[[str], str]


@pytest.fixture
def scratch_database(superuser_connection: psycopg.Connection, database_url: str) -> Iterator[Address]:
    """A migrated database of the test's own; called with a role, it gives the address as that role."""
    name = f"test_{os.getpid()}_{secrets.token_hex(3)}"
    copy_template(superuser_connection, name)
    yield lambda role: make_conninfo("", **{**conninfo_to_dict(database_url), "user": role, "dbname": name})
    drop_database(superuser_connection, name)


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder to install into, on a short path that the server's account can walk to."""
    with tempfile.TemporaryDirectory(prefix="lk-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "home"
