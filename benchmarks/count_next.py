"""What it costs to say what to count next, and what may explain a page of differences, as the ledger grows.

    .venv/bin/python -m benchmarks.count_next              # 20 000 variations, a million lines: ten minutes or more
    .venv/bin/python -m benchmarks.count_next --variations 2000 --lines 100000

One outlet with two batches of each variation, all of them counted once, then sold from, then 2 000 of them counted anew
with every tenth wrong. The yardstick is what the same question costs when the ledger is read for it: what moved of each
variation, from all lines.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks import machine
from benchmarks.replay import lotkeeper

if TYPE_CHECKING:
    from lotkeeper.accounts.policies import Actor
    from lotkeeper.stocktakes.models import StockTake

_DELIVERY = 1000
_BASKET = 500
_BASKETS = 4
_PAGES = (50, 200)
_RECOUNTED = 2000
_TIMES = 5
_ALL_LINES = "SELECT variation_id, sum(abs(quantity)) FROM stock_movement WHERE tenant_id = %s GROUP BY variation_id"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variations", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=1_000_000)
    options = parser.parse_args()
    with TemporaryDirectory(prefix="lotkeeper-benchmark-") as home:
        os.chmod(home, 0o755)  # noqa: PTH101, S103  # the database's own account has to walk through
        os.environ |= {"LOTKEEPER_HOME": home, "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings"}
        from lotkeeper.config.database.running import database_running  # reads LOTKEEPER_HOME

        with database_running(with_parent=True) as server:
            assert server is not None, "DATABASE_URL is set; this measures the embedded server"
            pid = server.running_pid()
            assert pid is not None
            measure(pid, options.variations, options.lines)


def measure(server: int, variations: int, lines: int) -> None:
    """Build the ledger and time the answers."""
    lotkeeper("migrate", "--verbosity", "0")
    import django

    django.setup()
    from django.db import connection

    from lotkeeper.accounts.operations.tenants import create_tenant
    from lotkeeper.core.tenancy import tenant_scope
    from lotkeeper.outlets.operations.outlets import create_outlet
    from lotkeeper.stock.queries import Window
    from lotkeeper.stocktakes.queries import count_next, explained_lines

    made = create_tenant(
        name="Shop", currency="EUR", timezone="UTC", owner_email="owner@shop.example", owner_password=None
    )
    with tenant_scope(made.tenant.pk):
        outlet = create_outlet(actor=made.actor, name="Main", timezone="UTC").pk
        take = trade(made.actor, outlet, variations, lines)
        today = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)

        def ledger() -> None:
            with connection.cursor() as cursor:
                cursor.execute(_ALL_LINES, [made.tenant.pk])
                cursor.fetchall()

        print("| answer | ms, median of 5 | CPU ms: ours | CPU ms: database |")
        print("|---|---|---|---|")
        timed(server, "what moved of each variation, from all lines (the yardstick)", ledger)
        timed(server, "count next, 20 proposals", lambda: count_next(outlet, today=today, limit=20))
        for page in _PAGES:
            timed(server, f"explanations of {page} lines", lambda page=page: explained_lines(take, Window(None, page)))


def trade(actor: Actor, outlet: int, variations: int, lines: int) -> StockTake:
    """Deliveries, a count of everything, sales, and the count that is to be explained."""
    from django.db import transaction

    from lotkeeper.catalog.models import ItemVariation, Product
    from lotkeeper.stock.models import Batch
    from lotkeeper.stock.operations import Issue, IssueLine, ReceiptLine, import_sales, past_entry, receive_stock
    from lotkeeper.stock.policies import OperationKind
    from lotkeeper.stocktakes.operations import reconcile_stock_take

    chance = random.Random(1)
    with transaction.atomic():
        product = Product(tenant_id=actor.tenant_id, name="Thing")
        product.save()
        things = [
            ItemVariation(tenant_id=actor.tenant_id, product=product, sku=f"T{number}") for number in range(variations)
        ]
        ItemVariation.objects.bulk_create(things)
    ids = [thing.pk for thing in things]
    batches: list[int] = []
    for number in ("A", "B"):
        for start in range(0, variations, _DELIVERY):
            arriving = [
                ReceiptLine(each, Decimal(10_000), number, dt.date(2040, 1, 1), Decimal(chance.randrange(1, 50)))
                for each in ids[start : start + _DELIVERY]
            ]
            posted = receive_stock(actor=actor, outlet_id=outlet, lines=arriving, confirmed=True)
            batches += [movement.batch_id for movement in posted.movements]
    analyze()
    first = counted(actor, outlet, {batch: Decimal(10_000 - (chance.random() < 0.1)) for batch in batches})
    reconcile_stock_take(actor=actor, stock_take_id=first.pk)
    written = len(batches)
    while written < lines:
        sales = []
        for _ in range(_BASKETS):
            basket = [IssueLine(each, Decimal(1)) for each in chance.sample(ids, min(_BASKET, variations))]
            entry = past_entry(OperationKind.ISSUE, {}, reference_id=f"sale-{written}", occurred_at=None)
            sales.append(Issue(entry, basket))
            written += len(basket)
        import_sales(actor=actor, outlet_id=outlet, sales=sales, today=dt.datetime.now(dt.UTC).date())
    analyze()
    with transaction.atomic():
        books = dict(Batch.objects.filter(pk__in=batches[:_RECOUNTED]).values_list("id", "quantity"))
    return counted(actor, outlet, {batch: book - (batch % 10 == 0) for batch, book in books.items()})


def counted(actor: Actor, outlet: int, quantities: dict[int, Decimal]) -> StockTake:
    """A count in which these batches were seen."""
    from lotkeeper.stocktakes.operations import MAX_OBSERVATIONS, Observation, Scope, open_stock_take, record_counts

    take = open_stock_take(actor=actor, outlet_id=outlet, scope=Scope())
    seen = [Observation(batch, quantity) for batch, quantity in quantities.items()]
    for start in range(0, len(seen), MAX_OBSERVATIONS):
        record_counts(actor=actor, stock_take_id=take.pk, observations=seen[start : start + MAX_OBSERVATIONS])
    return take


def analyze() -> None:
    """What autovacuum does for a shop in its first minutes."""
    import psycopg

    from lotkeeper.config.database.connection import owner_conninfo

    with psycopg.connect(owner_conninfo(), autocommit=True) as owner:
        owner.execute("ANALYZE")


def timed(server: int, name: str, answer: Callable[[], Any]) -> None:
    """A row of the table: by the clock, which others slow down, and by processor time."""
    from django.db import transaction

    took = []
    ours, theirs = time.process_time(), machine.processor_seconds(server)
    for _ in range(_TIMES):
        started = time.perf_counter()
        with transaction.atomic():
            answer()
        took.append(time.perf_counter() - started)
    ours, theirs = time.process_time() - ours, machine.processor_seconds(server) - theirs
    milliseconds = [statistics.median(took) * 1000, ours / _TIMES * 1000, theirs / _TIMES * 1000]
    print(f"| {name} |", " | ".join(f"{each:.0f}" for each in milliseconds), "|", flush=True)


if __name__ == "__main__":
    main()
