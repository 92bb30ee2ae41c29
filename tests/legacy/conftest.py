"""Old shops on disk and in PostgreSQL, and the doctor run on them."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import psycopg
import pytest
from django.core.management import CommandError, call_command
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.legacy.old_shop import OldShop

#: Answers what the doctor said, and its exit status.
Doctor = Callable[..., tuple[str, int]]


def url_of(conninfo: str) -> str:
    """The same address in the form that people type."""
    return f"postgresql://?{urlencode(conninfo_to_dict(conninfo))}"


@pytest.fixture
def doctor() -> Doctor:
    def run(source: object, **options: object) -> tuple[str, int]:
        out = io.StringIO()
        try:
            call_command("doctor", str(source), stdout=out, **options)
        except CommandError as error:
            return f"{out.getvalue()}{error}\n", error.returncode
        return out.getvalue(), 0

    return run


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """The folder of uploads, with the one picture that is there."""
    folder = tmp_path / "media"
    (folder / "products").mkdir(parents=True)
    (folder / "products" / "paracetamol.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


@pytest.fixture
def in_postgresql(superuser_connection: psycopg.Connection, database_url: str) -> Iterator[Callable[[OldShop], str]]:
    """Puts an old shop into a database of its own and gives its address."""
    name = f"old_shop_{uuid4().hex}"
    address = url_of(make_conninfo(database_url, user="postgres", dbname=name))
    superuser_connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def put(old: OldShop) -> str:
        with psycopg.connect(address) as connection:
            old.as_postgresql(connection)
        return address

    yield put
    superuser_connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
