"""``rebuild`` makes batches show what the ledger says, and never touches the ledger."""

from __future__ import annotations

import datetime as dt
import io
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError
from tests.stock.conftest import Shop

from lotkeeper.stock.checks import run_checks
from lotkeeper.stock.operations import amend_batch, hold_batch
from lotkeeper.stock.rebuilding import Difference, LedgerDamaged, batch_differences, rebuild_batches

SEEN = "SELECT t::text FROM {} t WHERE tenant_id = %s ORDER BY 1"


@pytest.fixture
def damage(superuser_connection: psycopg.Connection) -> Iterator[object]:
    def change(statement: str, *values: object) -> None:
        with superuser_connection.transaction():
            superuser_connection.execute("SET LOCAL session_replication_role = replica")
            for table in ("stock_batch", "stock_movement"):
                superuser_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            superuser_connection.execute(statement, values)
            for trigger in ("guard_write", "guard_name", "guard_delete"):
                superuser_connection.execute(f"ALTER TABLE stock_batch ENABLE ALWAYS TRIGGER {trigger}")
            for trigger in ("guard_insert", "guard_change", "guard_truncate"):
                superuser_connection.execute(f"ALTER TABLE stock_movement ENABLE ALWAYS TRIGGER {trigger}")

    return change


def rows(table: str, tenant_id: int) -> list[tuple[str]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SEEN.format(table), [tenant_id])
        return cursor.fetchall()


def rebuild(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As on the command line: the command itself chooses to be the tables' owner."""
    return subprocess.run(
        [sys.executable, "-m", "lotkeeper.config.cli", "rebuild", "--no-color", *arguments],
        env=os.environ, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_sound_shop_has_no_differences(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 5, expires_in=9, cost="1.50")
    amend_batch(actor=shop.actor, batch_id=batch, changes={"expiry_date": None, "unit_cost": None}, reason="unknown")
    hold_batch(actor=shop.actor, batch_id=batch, reason="looked into")
    shop.receive(shop.variation(), 1)
    assert batch_differences(shop.actor.tenant_id) == []
    out = io.StringIO()
    call_command("rebuild", "--tenant", str(shop.actor.tenant_id), stdout=out)
    assert out.getvalue() == "Every batch says what the ledger says.\n"


@pytest.mark.tampers_with_ledger
def test_what_was_changed_on_batches_is_shown_then_put_right(shop: Shop, damage: object) -> None:
    tenant = shop.actor.tenant_id
    item = shop.variation()
    first = shop.receive(item, 5, "A", expires_in=9, cost="1.50")
    shop.sell(item, 2)
    second = shop.receive(item, 7, "B")
    third = shop.receive(item, 3, "C")
    date = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    amend_batch(
        actor=shop.actor, batch_id=second, changes={"expiry_date": date, "batch_number": "B2"}, reason="misread"
    )
    hold_batch(actor=shop.actor, batch_id=third, reason="looked into")
    sound = {table: rows(table, tenant) for table in ("stock_batch", "stock_movement", "stock_operation")}
    damage("UPDATE stock_batch SET quantity = 99, unit_cost = 9, status = 'recalled' WHERE id = %s", first)
    damage("UPDATE stock_batch SET expiry_date = NULL, batch_number = 'B' WHERE id = %s", second)
    damage(
        "UPDATE stock_batch SET version = 0, quantity = 0, head_hash = NULL, status = 'available' WHERE id = %s", third
    )
    broken = rows("stock_batch", tenant)

    shown = rebuild("--tenant", str(tenant))
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert lines[0] == f"Corner Pharmacy (business {tenant})"
    assert lines[1:6] == [
        f"  batch {first}: quantity 99 -> 3",
        f"  batch {first}: status recalled -> available",
        f"  batch {first}: unit_cost 9 -> 1.5",
        f"  batch {second}: batch_number B -> B2",
        f"  batch {second}: expiry_date none -> {date}",
    ]
    assert lines[6].startswith(f"  batch {third}: head_hash none -> ")
    assert lines[7:] == [
        f"  batch {third}: quantity 0 -> 3",
        f"  batch {third}: status available -> held",
        f"  batch {third}: version 0 -> 2",
        "9 values differ; nothing was changed. --apply writes what the ledger says.",
    ]
    assert rows("stock_batch", tenant) == broken

    applied = rebuild("--tenant", str(tenant), "--apply")
    assert applied.returncode == 0, applied.stderr
    assert applied.stdout.splitlines()[1:10] == lines[1:10]
    assert {table: rows(table, tenant) for table in sound} == sound
    assert [result for result in run_checks(tenant) if not result.ok] == []
    assert rebuild("--tenant", str(tenant), "--apply").stdout == "Every batch says what the ledger says.\n"


@pytest.mark.tampers_with_ledger
def test_nothing_is_derived_from_damaged_lines(shop: Shop, damage: object) -> None:
    tenant = shop.actor.tenant_id
    item = shop.variation()
    batch = shop.receive(item, 5)
    shop.sell(item, 2)
    damage("DELETE FROM stock_movement WHERE batch_id = %s AND version = 1", batch)
    before = rows("stock_batch", tenant)
    assert batch_differences(tenant) == [Difference(batch, "quantity", "3", "-2")]
    refused = rebuild("--tenant", str(tenant), "--apply")
    assert refused.returncode == 1
    assert f"The ledger of business {tenant} is damaged itself (chain); nothing was rebuilt." in refused.stderr
    with pytest.raises(LedgerDamaged):
        rebuild_batches(tenant)
    assert rows("stock_batch", tenant) == before


def test_the_application_may_not_rebuild(shop: Shop) -> None:
    shop.receive(shop.variation(), 5)
    with pytest.raises(ProgrammingError, match="permission denied for function rebuild_batches"):
        rebuild_batches(shop.actor.tenant_id)


@pytest.mark.tampers_with_ledger
def test_other_stock_is_sold_meanwhile(shop: Shop, damage: object, owner_connection: psycopg.Connection) -> None:
    tenant = shop.actor.tenant_id
    wrong, other = shop.variation(), shop.variation()
    batch = shop.receive(wrong, 5, "A")
    shop.receive(other, 5, "B")
    damage("UPDATE stock_batch SET quantity = 4 WHERE id = %s", batch)
    with owner_connection.transaction():
        owner_connection.execute(f"SET LOCAL app.tenant_id = '{tenant:d}'")
        changed = owner_connection.execute("SELECT * FROM lk.rebuild_batches(%s)", [tenant]).fetchall()
        assert changed == [(batch, "quantity", "4", "5")]
        # The rebuilding is not finished: what it does not concern is sold all the same.
        shop.sell(other, 1)
    shop.sell(wrong, 5)
    assert shop.on_hand(wrong) == {"A": 0}
    assert shop.on_hand(other) == {"B": 4}
    assert [result for result in run_checks(tenant) if not result.ok] == []
