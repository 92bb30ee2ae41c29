"""A business is written anew from its journal: the same numbers, times and hashes, through the same guards."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from django.db import transaction
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.conftest import Colleague
from tests.stock.journal.conftest import NOON, BusyShop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.policies import Role, Scope
from lotkeeper.catalog.operations.categories import create_category
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.checks import check_tenant
from lotkeeper.stock.operations import IssueLine
from lotkeeper.testing import copy_template, drop_database
from lotkeeper.transfers.operations import transfer_stock

TABLES = (
    "stock_operation", "stock_movement", "stock_batch", "stock_item", "stock_count", "stock_reservation",
    "stock_reservation_line", "outlets_outlet", "catalog_product", "catalog_itemvariation", "accounts_tenant",
    "accounts_user", "accounts_membership", "accounts_apitoken", "catalog_category", "transfers_transfer",
    "transfers_transferline",
)  # fmt: skip
#: What holds a secret: those columns come back empty.
WITHHELD = {"accounts_user": "password", "accounts_apitoken": "digest"}
Address = Callable[[str], str]


@pytest.fixture
def empty_database(superuser_connection: psycopg.Connection, database_url: str) -> Iterator[Address]:
    """A migrated database with nothing in it; called with a role, it gives the address as that role."""
    name = f"test_{os.getpid()}_{secrets.token_hex(3)}"
    copy_template(superuser_connection, name)
    yield lambda role: make_conninfo("", **{**conninfo_to_dict(database_url), "user": role, "dbname": name})
    drop_database(superuser_connection, name)


def restore(folder: Path, database: Address, *options: str) -> subprocess.CompletedProcess[str]:
    """As on the command line: the command itself chooses to be the tables' owner."""
    addresses = {"DATABASE_URL": database("lk_app"), "DATABASE_OWNER_URL": database("lk_owner")}
    return subprocess.run(
        [sys.executable, "-m", "lotkeeper.config.cli", "journal", "restore", str(folder), *options],
        env={**os.environ, **addresses}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def rows(address: str, tenant_id: int) -> dict[str, list[str]]:
    """Every row of a business, by table, but for what is secret."""
    with psycopg.connect(address) as connection:
        return {
            table: [
                text
                for (text,) in connection.execute(
                    f"SELECT (to_jsonb(t) - %s)::text FROM {table} t"
                    f" WHERE {'id' if table == 'accounts_tenant' else 'tenant_id'} = %s ORDER BY 1",
                    [WITHHELD.get(table, ""), tenant_id],
                )
            ]
            for table in TABLES
        }


@pytest.fixture
def copied(
    busy: BusyShop, tmp_path: Path, business: NewTenant, colleague: Colleague, make_outlet: Callable[..., Outlet]
) -> Path:
    """The journals, carried elsewhere: with goods on their way, a till's token, categories, people of one outlet."""
    busy.export()
    actor, place = busy.shop.actor, busy.shop.outlet
    outer = create_category(actor=actor, name="Remedies")
    create_category(actor=actor, name="Pain", parent_id=outer.pk)
    colleague(business, Role.CLERK, place.pk)
    with transaction.atomic():
        issued = issue_token(actor=actor, name="till", scopes=(Scope.STOCK,), now=NOON)
    there = make_outlet("Far")
    goods = [IssueLine(busy.item.pk, Decimal(1))]
    transfer_stock(
        actor=replace(actor, token_id=issued.token.pk), source_id=place.pk, destination_id=there.pk, lines=goods
    )
    busy.export()
    shutil.copytree(busy.place.folder, tmp_path / "carried")
    return tmp_path / "carried"


def test_what_is_restored_is_what_was(busy: BusyShop, copied: Path, empty_database: Address) -> None:
    original = rows(os.environ["DATABASE_OWNER_URL"], busy.tenant_id)

    done = restore(copied, empty_database, "--public-key", str(copied / "public-key.pem"))

    assert (done.stderr, done.returncode) == ("", 0)
    assert "13 operations, 10 lines and 2 counts under 2 checkpoints" in done.stdout
    restored = rows(empty_database("lk_owner"), busy.tenant_id)
    assert all(original[table] for table in TABLES)
    assert restored == original
    with psycopg.connect(empty_database("lk_app")) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL app.tenant_id = '{busy.tenant_id}'")
        assert [result for result in check_tenant(cursor, busy.tenant_id) if not result.ok] == []


def test_selling_goes_on_with_new_numbers(busy: BusyShop, copied: Path, empty_database: Address) -> None:
    restore(copied, empty_database)
    with psycopg.connect(empty_database("lk_app")) as connection:
        connection.execute(f"SET LOCAL app.tenant_id = '{busy.tenant_id}'")
        [(before,)] = connection.execute("SELECT max(id) FROM stock_operation")
        [(answer,)] = connection.execute(
            "SELECT lk.deduct(%s, %s, NULL, 'api', 'issue', 'sale', NULL, '\\x00'::bytea, '', '', NULL,"
            " %s, ARRAY[%s]::bigint[], ARRAY[1]::numeric[], ARRAY[NULL]::bigint[], NULL)",
            [busy.tenant_id, busy.shop.actor.user_id, busy.shop.outlet.pk, busy.item.pk],
        )
        assert answer["operation_id"] == before + 1


def test_a_business_that_is_there_is_not_overwritten(busy: BusyShop, copied: Path, empty_database: Address) -> None:
    restore(copied, empty_database)
    before = rows(empty_database("lk_owner"), busy.tenant_id)

    again = restore(copied, empty_database)

    assert again.returncode == 1
    assert f"Business {busy.tenant_id} is in this database already." in again.stderr
    assert rows(empty_database("lk_owner"), busy.tenant_id) == before


def test_a_journal_that_does_not_hold_is_not_restored(busy: BusyShop, copied: Path, empty_database: Address) -> None:
    path = copied / busy.path.name
    path.write_bytes(path.read_bytes().replace(b'"quantity":"-3.000"', b'"quantity":"-2.000"'))
    (copied / busy.path.name).with_suffix(".state").unlink()

    done = restore(copied, empty_database)

    assert done.returncode == 1
    assert f"{path} was changed" in done.stderr
    assert rows(empty_database("lk_owner"), busy.tenant_id) == {table: [] for table in TABLES}


def test_the_application_may_not_restore(busy: BusyShop, copied: Path, empty_database: Address) -> None:
    as_application = {"DATABASE_URL": empty_database("lk_app"), "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings"}
    done = subprocess.run(
        [sys.executable, "-m", "django", "journal", "restore", str(copied)],
        env={**os.environ, **as_application},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "permission denied" in done.stderr
    assert rows(empty_database("lk_owner"), busy.tenant_id) == {table: [] for table in TABLES}
