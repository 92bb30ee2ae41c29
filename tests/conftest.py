"""Fixtures for every test. The database itself is brought up by the plugin ``lotkeeper.testing``."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pytest_django import DjangoDbBlocker


# The database is open to every test, nothing is wrapped in a transaction and nothing is truncated (the ledger cannot
# be): each test makes its own tenant. So pytest-django's own arrangements are replaced by none.
@pytest.fixture(scope="session", autouse=True)
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock():
        yield


@pytest.fixture
def _django_db_helper() -> None:
    return None


@pytest.fixture(scope="session")
def database_url() -> str:
    """The address of the tests' database as the application's role, for threads and other processes."""
    return os.environ["DATABASE_URL"]


@pytest.fixture
def owner_connection() -> Iterator[psycopg.Connection]:
    """A connection as ``lk_owner``, which owns the tables."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def superuser_connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection as the server's superuser, whom only the chain of hashes can hold to the truth."""
    address = make_conninfo(**{**conninfo_to_dict(database_url), "user": "postgres"})
    with psycopg.connect(address, autocommit=True) as connection:
        yield connection


# --- fixtures of the subjects: tenants, outlets, products, stock -----------------------------------------------------
