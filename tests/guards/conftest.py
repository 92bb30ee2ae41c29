"""A business with something worth attacking, made through the operations, and the attacker's connection."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest
from django.db import transaction
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lotkeeper.accounts.operations.tenants import NewTenant, create_tenant
from lotkeeper.catalog.models import ItemVariation, Product
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.checks import CheckResult, check_tenant
from lotkeeper.stock.models import Count, Reservation, StockMovement
from lotkeeper.stock.operations import (
    CountLine,
    IssueLine,
    ReceiptLine,
    amend_batch,
    deduct_stock,
    hold_batch,
    post_counts,
    receive_stock,
    reserve_stock,
)

#: Everything an attacker might want to change, with the column that names the business.
WATCHED_TABLES = {
    "stock_movement": "tenant_id",
    "stock_batch": "tenant_id",
    "stock_operation": "tenant_id",
    "stock_item": "tenant_id",
    "stock_count": "tenant_id",
    "stock_reservation": "tenant_id",
    "stock_reservation_line": "tenant_id",
    "outlets_outlet": "tenant_id",
    "catalog_itemvariation": "tenant_id",
    "accounts_tenant": "id",
    "accounts_user": "tenant_id",
}


@dataclass(frozen=True)
class Target:
    """The ids that attacks name, such as ``:tenant``."""

    tenant: int
    user: int
    stranger: int
    other_tenant: int
    outlet: int
    item: int
    #: Five lines: bought 10, sold 2, its expiry amended, sold 1, sold 3 (the last line, alone in its operation).
    batch: int
    first_sale: int
    last_sale: int
    #: Expired, with stock.
    expired: int
    #: Held, with stock.
    held: int
    reservation: int
    promise: int
    #: Of the held batch: what was counted is what was there.
    count: int


@pytest.fixture(scope="module")
def target(django_db_setup: None, database_url: str) -> Iterator[Target]:
    def business() -> NewTenant:
        return create_tenant(
            name="Corner Pharmacy",
            currency="EUR",
            timezone="UTC",
            owner_email=f"owner-{uuid4().hex}@shop.example",
            owner_password=None,
            owner_name="Olu Owner",
        )

    stranger, owner = business(), business()
    today = dt.datetime.now(dt.UTC).date()
    actor = owner.actor

    def receive(variation: ItemVariation, number: str, quantity: int, days: int) -> int:
        expiry = today + dt.timedelta(days=days)
        line = ReceiptLine(variation.pk, Decimal(quantity), number, expiry, Decimal("2.5"))
        return receive_stock(actor=actor, outlet_id=outlet.pk, lines=[line], confirmed=True).movements[0].batch_id

    def sell(quantity: int) -> int:
        lines = [IssueLine(item.pk, Decimal(quantity))]
        return deduct_stock(actor=actor, outlet_id=outlet.pk, lines=lines).operation_id

    with tenant_scope(owner.tenant.pk):
        with transaction.atomic():
            outlet = Outlet(name="Main street", timezone="UTC")
            outlet.save()
            product = Product(name="Paracetamol")
            product.save()
            item = ItemVariation(product=product, sku="PARA-500")
            item.save()
        batch = receive(item, "A", 10, 200)
        first_sale = sell(2)
        amended = {"expiry_date": today + dt.timedelta(days=100)}
        amend_batch(actor=actor, batch_id=batch, changes=amended, reason="misread")
        sell(1)
        last_sale = sell(3)
        expired = receive(item, "OLD", 4, -10)
        held = receive(item, "HELD", 4, 50)
        hold_batch(actor=actor, batch_id=held, reason="looked into")
        reserved = reserve_stock(
            actor=actor, outlet_id=outlet.pk, lines=[IssueLine(item.pk, Decimal(1))], hold_for=dt.timedelta(days=1)
        )
        with transaction.atomic():
            promise = Reservation.objects.get(pk=reserved.reservation_id).operation_id
        seen = CountLine(held, Decimal(4), dt.datetime.now(dt.UTC))
        posted = post_counts(actor=actor, outlet_id=outlet.pk, lines=[seen], reason="Stock take")
        with transaction.atomic():
            count = Count.objects.get(operation_id=posted.operation_id).pk
            assert StockMovement.objects.filter(batch_id=batch).count() == 5
    made = Target(
        tenant=owner.tenant.pk,
        user=actor.user_id,
        stranger=stranger.actor.user_id,
        other_tenant=stranger.tenant.pk,
        outlet=outlet.pk,
        item=item.pk,
        batch=batch,
        first_sale=first_sale,
        last_sale=last_sale,
        expired=expired,
        held=held,
        reservation=reserved.reservation_id,
        promise=promise,
        count=count,
    )
    with psycopg.connect(database_url) as connection:
        name_tenant(connection, made.tenant)
        before = fingerprint(connection, made.tenant)
    yield made
    with psycopg.connect(database_url) as connection:
        name_tenant(connection, made.tenant)
        assert fingerprint(connection, made.tenant) == before
        assert broken_promises(connection, made.tenant) == []


@pytest.fixture
def connect_as(database_url: str) -> Iterator[Callable[[str], psycopg.Connection]]:
    """A connection as a role, in an open transaction that nobody commits."""
    opened: list[psycopg.Connection] = []

    def connect(role: str) -> psycopg.Connection:
        connection = psycopg.connect(make_conninfo("", **{**conninfo_to_dict(database_url), "user": role}))
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.rollback()
        connection.close()


def name_tenant(connection: psycopg.Connection, tenant_id: int) -> None:
    connection.execute(f"SET LOCAL app.tenant_id = '{tenant_id:d}'")


def broken_promises(connection: psycopg.Connection, tenant_id: int) -> list[CheckResult]:
    with connection.cursor() as cursor:
        return [result for result in check_tenant(cursor, tenant_id) if not result.ok]


def fingerprint(connection: psycopg.Connection, tenant_id: int) -> str:
    """A hash over every row of the business that an attack might change, as this connection sees it."""
    seen = hashlib.sha256()
    for table, column in WATCHED_TABLES.items():
        [(exists,)] = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"])
        rows = (
            connection.execute(f"SELECT t::text FROM public.{table} t WHERE {column} = %s ORDER BY 1", [tenant_id])
            if exists
            else []
        )
        seen.update(f"{table} {list(rows)}".encode())
    return seen.hexdigest()
