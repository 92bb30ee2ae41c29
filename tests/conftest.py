"""Fixtures for every test. The database itself is brought up by the plugin ``lotkeeper.testing``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol
from uuid import uuid4

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pytest_django import DjangoDbBlocker
from rest_framework.test import APIClient
from tests.core.single_tenant import hold_to_one_tenant

from lotkeeper.accounts.operations.tenants import NewTenant, create_tenant
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.operations.users import create_user
from lotkeeper.accounts.policies import Actor, Role, Scope
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock.checks import CheckResult, check_names, check_tenant


# The database is open to every test, nothing is wrapped in a transaction and nothing is truncated (the ledger cannot
# be): each test makes its own tenant. So pytest-django's own arrangements are replaced by none.
# Every statement that is sent is held to one tenant (docs/decisions/0015).
@pytest.fixture(scope="session", autouse=True)
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), connection.execute_wrapper(hold_to_one_tenant):
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


class Colleague(Protocol):
    """Lets a person into a business with a role and gives them as an actor."""

    def __call__(self, business: NewTenant, role: Role, outlet_id: int | None = None) -> Actor: ...


class ClientFor(Protocol):
    """An API client with a token of its own that acts as a person, by default within every scope."""

    def __call__(self, actor: Actor, *scopes: Scope) -> APIClient: ...


@pytest.fixture
def make_business() -> Callable[[], NewTenant]:
    """Opens a business whose owner acts through ``.actor``; they have no password, since hashing one takes long."""

    def make() -> NewTenant:
        return create_tenant(
            name="Corner Pharmacy",
            currency="EUR",
            timezone="Europe/Berlin",
            owner_email=f"owner-{uuid4().hex}@shop.example",
            owner_password=None,
            owner_name="Olu Owner",
        )

    return make


@pytest.fixture
def business(make_business: Callable[[], NewTenant]) -> NewTenant:
    """A business of this test's own."""
    return make_business()


@pytest.fixture
def colleague() -> Colleague:
    def let_in(business: NewTenant, role: Role, outlet_id: int | None = None) -> Actor:
        with tenant_scope(business.tenant.pk), transaction.atomic():
            person = create_user(
                actor=business.actor,
                email=f"{role}-{uuid4().hex}@shop.example",
                name=role.title(),
                password=None,
                role=role,
                outlet_id=outlet_id,
            )
        return replace(business.actor, user_id=person.pk, roles={outlet_id: role})

    return let_in


@pytest.fixture
def client_for() -> ClientFor:
    def client(actor: Actor, *scopes: Scope) -> APIClient:
        issuer = replace(actor, roles={None: Role.OWNER})
        with tenant_scope(actor.tenant_id), transaction.atomic():
            issued = issue_token(actor=issuer, name="test", scopes=scopes or tuple(Scope), now=timezone.now())
        api = APIClient()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {issued.plain}")
        return api

    return client


# --- what must hold after every test ---------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "tampers_with_ledger: the test breaks the ledger of its own business, so nothing is checked after it"
    )


class LedgerWatch:
    """Runs the ledger's own checks on every business that has appeared since it last looked."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: psycopg.Connection | None = None
        self._seen = 0

    def new_businesses(self) -> list[int]:
        """Businesses made since the last look."""
        found = self._open().execute("SELECT id FROM accounts_tenant WHERE id > %s ORDER BY id", [self._seen])
        made = [tenant_id for (tenant_id,) in found]
        self._seen = max([self._seen, *made])
        return made

    def broken(self, tenant_id: int) -> list[CheckResult]:
        """The promises that do not hold for a business; the guards are the same for all, and looked at last."""
        connection = self._open()
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL app.tenant_id = '{tenant_id:d}'")
            cursor.execute("SELECT EXISTS (SELECT FROM stock_operation WHERE tenant_id = %s)", [tenant_id])
            if cursor.fetchall() == [(False,)]:
                return []
            names = [name for name in check_names() if name != "guards"]
            return [result for result in check_tenant(cursor, tenant_id, names) if not result.ok]

    def guards(self) -> CheckResult:
        """Whether the guards stand as they did at the start."""
        connection = self._open()
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL app.tenant_id = '0'")
            [result] = check_tenant(cursor, 0, ["guards"])
            return result

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            # The plans of the checks are kept: planning them anew would take longer than running them.
            self._connection = psycopg.connect(
                self._address, autocommit=True, prepare_threshold=0, options="-c plan_cache_mode=force_generic_plan"
            )
        return self._connection


@pytest.fixture(scope="session")
def ledger_watch(database_url: str) -> Iterator[LedgerWatch]:
    watch = LedgerWatch(database_url)
    yield watch
    guards = watch.guards()
    watch.close()
    assert guards.ok, guards.offending


@pytest.fixture(autouse=True)
def _the_ledger_holds(request: pytest.FixtureRequest, ledger_watch: LedgerWatch) -> Iterator[None]:
    """After every test the ledger of each business it made keeps every promise that ``lotkeeper check`` knows."""
    yield
    businesses = ledger_watch.new_businesses()
    if request.node.get_closest_marker("tampers_with_ledger") is None:
        broken = {tenant_id: found for tenant_id in businesses if (found := ledger_watch.broken(tenant_id))}
        assert broken == {}
