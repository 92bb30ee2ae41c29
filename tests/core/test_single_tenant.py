"""What holds statements to one tenant lets the right ones pass and stops the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from tests.core.single_tenant import NotSingleTenant, cross_tenant, loose_tables

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet

BATCH, MOVEMENT = "stock_batch", "stock_movement"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "SELECT * FROM accounts_user WHERE id = %s",
        "SELECT quantity FROM stock_batch WHERE tenant_id = %s AND id = %s",
        'SELECT b.id FROM stock_batch b WHERE (b."tenant_id" = %(tenant)s AND (b.id = 3 OR b.id = 4))',
        (
            "SELECT b.id FROM stock_batch b JOIN stock_movement m ON m.batch_id = b.id AND m.tenant_id = b.tenant_id "
            "WHERE m.tenant_id = %s"
        ),
        (
            "SELECT b.id FROM stock_batch b WHERE b.tenant_id = %s AND EXISTS (SELECT 1 FROM stock_movement m "
            "WHERE m.tenant_id = b.tenant_id AND m.batch_id = b.id)"
        ),
        "WITH c AS (SELECT id FROM stock_batch WHERE tenant_id = %s) SELECT c.id FROM c",
        "UPDATE stock_batch SET status = %s WHERE tenant_id = %s AND id = %s",
        "DELETE FROM stock_batch WHERE tenant_id = 3",
        "INSERT INTO stock_batch (tenant_id, id) VALUES (%s, %s) RETURNING id",
        "EXPLAIN SELECT id FROM stock_batch WHERE tenant_id = %s AND batch_number LIKE 'A%%'",
    ],
)
def test_a_statement_about_one_tenant_passes(statement: str) -> None:
    assert loose_tables(statement) == ()


@pytest.mark.parametrize(
    ("statement", "loose"),
    [
        ("SELECT quantity FROM stock_batch WHERE id = %s", (BATCH,)),
        ("SELECT quantity FROM stock_batch WHERE tenant_id = %s OR id = %s", (BATCH,)),
        ("SELECT quantity FROM stock_batch WHERE NOT tenant_id = %s", (BATCH,)),
        ("SELECT quantity FROM stock_batch WHERE tenant_id > %s", (BATCH,)),
        ("SELECT quantity FROM stock_batch WHERE tenant_id IN (%s, %s)", (BATCH,)),
        ("SELECT quantity FROM stock_batch WHERE tenant_id = id", (BATCH,)),
        ("SELECT quantity FROM stock_batch WHERE tenant_id = tenant_id", (BATCH,)),
        (
            "SELECT b.id FROM stock_batch b JOIN stock_movement m ON m.batch_id = b.id WHERE b.tenant_id = %s",
            (MOVEMENT,),
        ),
        (
            "SELECT b.id FROM stock_batch b JOIN stock_movement m ON m.tenant_id = b.tenant_id AND m.batch_id = b.id",
            (BATCH, MOVEMENT),
        ),
        ("SELECT id FROM stock_batch WHERE tenant_id = %s UNION SELECT id FROM stock_batch", (BATCH,)),
        ("SELECT 1 WHERE EXISTS (SELECT 1 FROM stock_batch b WHERE b.id = %s)", (BATCH,)),
        ("WITH c AS (SELECT id FROM stock_batch) SELECT id FROM c", (BATCH,)),
        ("UPDATE stock_batch SET status = %s WHERE id = %s", (BATCH,)),
        ("DELETE FROM stock_batch WHERE id IN (%s, %s)", (BATCH,)),
        ("INSERT INTO stock_batch (id) VALUES (%s)", (BATCH,)),
        ("INSERT INTO stock_batch (tenant_id, id) SELECT m.tenant_id, m.batch_id FROM stock_movement m", (MOVEMENT,)),
        ("VACUUM stock_batch", ("a statement that cannot be read",)),
    ],
)
def test_a_statement_about_several_is_told_by_its_tables(statement: str, loose: tuple[str, ...]) -> None:
    assert loose_tables(statement) == loose


def test_such_a_statement_is_not_sent_unless_it_is_meant(make_business: Callable[[], NewTenant]) -> None:
    with tenant_scope(make_business().tenant.pk), transaction.atomic():
        with pytest.raises(NotSingleTenant, match="nothing ties outlets_outlet to one tenant"):
            Outlet.unscoped.count()
        with connection.cursor() as cursor, pytest.raises(NotSingleTenant, match="outlets_outlet"):
            cursor.execute("DELETE FROM outlets_outlet")
        with cross_tenant("shows that it can be meant"):
            assert Outlet.unscoped.count() == 0
