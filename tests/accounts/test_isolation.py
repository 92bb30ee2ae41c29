"""Row-level security: a query that forgets its tenant still sees nothing of another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from tests.core.single_tenant import cross_tenant

from lotkeeper.accounts.models import ApiToken, Membership
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.policies import Scope
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.outlets.operations.outlets import create_outlet

TABLES = ["accounts_membership", "accounts_apitoken", "outlets_outlet"]


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Statements may leave their tenant out: the database is to hold them."""
    with cross_tenant("shows what row-level security does"):
        yield


@pytest.fixture
def two(make_business: Callable[[], NewTenant]) -> tuple[NewTenant, NewTenant]:
    """Two businesses with an outlet and a token each."""
    pair = (make_business(), make_business())
    for business in pair:
        with tenant_scope(business.tenant.pk):
            create_outlet(actor=business.actor, name="Main", timezone="UTC")
            issue_token(actor=business.actor, name="Till", scopes=[Scope.READ], now=business.tenant.created_at)
    return pair


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("table", TABLES)
def test_a_statement_without_a_tenant_in_it_sees_one_tenant(two: tuple[NewTenant, NewTenant], table: str) -> None:
    for business in two:
        with tenant_scope(business.tenant.pk), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*), min(tenant_id), max(tenant_id) FROM {table}")
            assert cursor.fetchone() == (1, business.tenant.pk, business.tenant.pk)


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("model", [Membership, ApiToken, Outlet])
def test_the_unscoped_manager_is_held_by_the_database_too(two: tuple[NewTenant, NewTenant], model: type) -> None:
    mine, theirs = two
    with tenant_scope(mine.tenant.pk), transaction.atomic():
        assert model.unscoped.filter(tenant_id=theirs.tenant.pk).count() == 0  # type: ignore[attr-defined]
        assert model.unscoped.count() == 1  # type: ignore[attr-defined]
        assert model.unscoped.filter(tenant_id=theirs.tenant.pk).delete()[0] == 0  # type: ignore[attr-defined]
    with tenant_scope(theirs.tenant.pk), transaction.atomic():
        assert model.objects.count() == 1  # type: ignore[attr-defined]


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("table", TABLES)
def test_outside_any_tenant_the_database_raises(two: tuple[NewTenant, NewTenant], table: str) -> None:
    # The policy is asked for each row, so there have to be some: an empty table has nothing to hide.
    refused = pytest.raises(ProgrammingError, match="no tenant in scope")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")


def test_a_row_cannot_be_written_for_another_tenant(two: tuple[NewTenant, NewTenant]) -> None:
    mine, theirs = two
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        tenant_scope(mine.tenant.pk),
        transaction.atomic(),
    ):
        Outlet.unscoped.create(tenant_id=theirs.tenant.pk, name="Planted", timezone="UTC")
    with tenant_scope(theirs.tenant.pk), transaction.atomic():
        assert list(Outlet.objects.values_list("name", flat=True)) == ["Main"]


def test_a_role_cannot_point_at_another_tenants_outlet(
    two: tuple[NewTenant, NewTenant], owner_connection: psycopg.Connection
) -> None:
    mine, theirs = two
    with tenant_scope(theirs.tenant.pk), transaction.atomic():
        foreign = Outlet.objects.get()
    with pytest.raises(IntegrityError), tenant_scope(mine.tenant.pk), transaction.atomic():
        Membership.objects.create(user=mine.owner, outlet_id=foreign.pk, role="owner")
    # Nor can the owner of the tables, whom row-level security does not bind.
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner_connection.execute(
            "INSERT INTO accounts_membership (tenant_id, user_id, outlet_id, role) VALUES (%s, %s, %s, 'owner')",
            [mine.tenant.pk, mine.owner.pk, foreign.pk],
        )
