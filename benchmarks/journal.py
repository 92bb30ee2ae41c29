"""The journal of a large ledger: exporting it, adding an hour to it, verifying and restoring it.

    .venv/bin/python -m benchmarks.journal --lines 1000000      # making the sales takes longest

Sales of one line each, a thousand a call, on a hundred thousand batches. Everything runs on one server in a temporary
folder: Lotkeeper's embedded PostgreSQL with durable commits. The yardstick is ``COPY stock_movement TO STDOUT``: the
cheapest way to get the same lines out.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BATCHES = 100_000
PER_CALL = 1000
#: What a verb is measured with: its seconds, and the most memory its process had.
Measured = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    lines = parser.parse_args().lines
    with tempfile.TemporaryDirectory(prefix="lotkeeper-benchmark-") as home:
        Path(home).chmod(0o755)  # the database's own account has to walk through
        os.environ |= {"LOTKEEPER_HOME": home, "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings"}
        from lotkeeper.config.database.running import database_running  # reads LOTKEEPER_HOME

        with database_running(with_parent=True):
            measure(lines, Path(home))


def measure(lines: int, home: Path) -> None:
    """Fill a ledger, and take each step of its journal in a process of its own."""
    lotkeeper("migrate", "--verbosity", "0")
    till = open_till()
    for _ in range((lines - BATCHES) // PER_CALL):
        till()
    copied, written = yardstick()
    first, _ = lotkeeper("journal", "export"), till()
    rows = [
        ("COPY of the lines alone", copied),
        ("first export", first),
        (f"export of {PER_CALL} sales more", lotkeeper("journal", "export")),
        ("export of nothing", lotkeeper("journal", "export")),
        ("check --only journal", lotkeeper("check", "--only", "journal")),
        ("stand-alone verifier", run("lotkeeper.stock.verifier", str(home / "journal" / "tenant-1.jsonl"))),
        ("journal verify", lotkeeper("journal", "verify")),
    ]
    print(
        f"\n{written:,} lines, {BATCHES:,} batches, {(home / 'journal' / 'tenant-1.jsonl').stat().st_size / 1e6:,.0f} MB"
    )
    print("\n| | seconds | lines/s | MB |\n|---|---|---|---|")
    for name, (seconds, megabytes) in rows:
        print(f"| {name} | {seconds:.1f} | {written / seconds:,.0f} | {megabytes:.0f} |")


def open_till() -> Callable[[], Any]:
    """A shop with full shelves, and a call that sells a thousand times."""
    import django

    django.setup()
    from django.db import connection, transaction

    from lotkeeper.accounts.operations.tenants import create_tenant
    from lotkeeper.core.tenancy import tenant_scope
    from lotkeeper.outlets.operations.outlets import create_outlet

    business = create_tenant(
        name="Gifts", currency="GBP", timezone="UTC", owner_email="owner@gifts.example", owner_password=None
    )
    tenant_id, user_id = business.tenant.pk, business.actor.user_id
    with tenant_scope(tenant_id):
        outlet_id = create_outlet(actor=business.actor, name="Warehouse", timezone="UTC").pk
        fill_shelves(business.actor, outlet_id)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT array_agg(id) FROM catalog_itemvariation WHERE tenant_id = %s", [tenant_id])
            [(variations,)] = cursor.fetchall()
    calls = iter(range(10**9))

    def till() -> None:
        start = next(calls) * PER_CALL
        sold = [variations[(start + number) * 7919 % len(variations)] for number in range(PER_CALL)]
        with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM lk.deduct_many(%(tenant)s, array_fill(%(user)s::bigint, %(n)s), "
                "array_fill(NULL::bigint, %(n)s), array_fill('api'::text, %(n)s), 'issue', 'sale', %(outlet)s, NULL, "
                "array_fill(NULL::text, %(n)s), array_fill('\\x00'::bytea, %(n)s), array_fill(''::text, %(n)s), "
                "array_fill(''::text, %(n)s), array_fill(NULL::timestamptz, %(n)s), "
                "(SELECT array_agg(g::integer) FROM generate_series(1, %(count)s) g), array_fill(1, %(n)s), "
                "%(sold)s::bigint[], array_fill(1::numeric, %(n)s), true)",
                {"tenant": tenant_id, "user": user_id, "outlet": outlet_id, "n": [PER_CALL], "count": PER_CALL,
                 "sold": sold},
            )  # fmt: skip

    return till


def fill_shelves(actor: Any, outlet_id: int) -> None:
    """Ten thousand variations with ten batches each."""
    import datetime as dt
    from decimal import Decimal

    from django.db import transaction

    from lotkeeper.catalog.models import ItemVariation, Product
    from lotkeeper.stock.operations import ReceiptLine, receive_stock

    with transaction.atomic():
        product = Product(name="Gift")
        product.save()
        made = ItemVariation.objects.bulk_create(
            [
                ItemVariation(tenant_id=actor.tenant_id, product=product, sku=f"G-{number}")
                for number in range(BATCHES // 10)
            ]
        )
    today = dt.datetime.now(dt.UTC).date()
    for some in range(0, len(made), 100):
        lines = [
            ReceiptLine(each.pk, Decimal(10_000), f"L{batch}", today + dt.timedelta(days=100 + batch), Decimal("1.5"))
            for each in made[some : some + 100]
            for batch in range(10)
        ]
        receive_stock(actor=actor, outlet_id=outlet_id, lines=lines, confirmed=True)


def yardstick() -> tuple[Measured, int]:
    """The lines alone, copied out as they lie."""
    import psycopg

    from lotkeeper.config.database.connection import owner_conninfo

    with psycopg.connect(owner_conninfo()) as owner:
        [(lines,)] = owner.execute("SELECT count(*) FROM stock_movement").fetchall()
        started = time.perf_counter()
        with owner.cursor().copy("COPY stock_movement TO STDOUT") as copy:
            for _ in copy:
                pass
        return (time.perf_counter() - started, 0), lines


def lotkeeper(*words: str) -> Measured:
    """A command, in a process of its own."""
    return run("lotkeeper.config.cli", *words)


def run(module: str, *words: str) -> Measured:
    """A module, in a process of its own; its exit status must be 0."""
    from django.apps import apps

    if apps.ready:
        from django.db import connections

        connections.close_all()
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", module, *words])
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, words
    return time.perf_counter() - started, megabytes(usage)


def megabytes(usage: resource.struct_rusage) -> float:
    """The most memory a process had."""
    return usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
