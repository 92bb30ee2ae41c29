"""How long a large stock take holds anybody up: entering, reading and posting it, and the sales beside it.

    .venv/bin/python -m benchmarks.count             # a minute or two
    .venv/bin/python -m benchmarks.count --quick

Everything runs on one server in a temporary folder: Lotkeeper's embedded PostgreSQL with durable commits. Compare the
figures of one run with each other: these machines are shared and their speed varies by the minute.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.replay import Watch, lotkeeper

#: How many batches a variation has.
SHARE = 3
SALES_A_SECOND = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--sell", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.sell:
        sell_for_a_while(**json.loads(options.sell))
        return
    size = 1_000 if options.quick else 10_000
    with tempfile.TemporaryDirectory(prefix="lotkeeper-benchmark-") as home:
        Path(home).chmod(0o755)  # noqa: S103  # the database's own account has to walk through
        os.environ |= {"LOTKEEPER_HOME": home, "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings"}
        from lotkeeper.config.database.running import database_running  # reads LOTKEEPER_HOME

        with database_running(with_parent=True):
            lotkeeper("migrate", "--verbosity", "0")
            import django

            django.setup()
            measure(size)


def measure(size: int) -> None:
    """All of it, for a stock take of so many lines."""
    from lotkeeper.accounts.operations.tenants import create_tenant
    from lotkeeper.core.tenancy import tenant_scope

    made = create_tenant(
        name="Shop", currency="EUR", timezone="UTC", owner_email="owner@shop.example", owner_password=None
    )
    with tenant_scope(made.tenant.pk):
        small, large = Shop(made.actor, size // 10), Shop(made.actor, size)
        report_sizes([measure_size(small), measure_size(large)])
        report_sales(*sales_beside(large))
        report_depths([measure_depth(made.actor, depth, batches=size // 200) for depth in (1, 100, 1_000)])


# --- a shop and its counts -------------------------------------------------------------------------------------------


class Shop:
    """An outlet with so many batches on its shelves."""

    def __init__(self, actor: Any, batches: int, share: int = SHARE) -> None:
        from django.db import transaction

        from lotkeeper.catalog.models import ItemVariation, Product
        from lotkeeper.outlets.models import Outlet
        from lotkeeper.stock.operations import ReceiptLine, receive_stock

        self.actor = actor
        with transaction.atomic():
            self.outlet = Outlet.objects.create(name=f"Outlet {Outlet.objects.count() + 1}")
            product = Product.objects.create(name=f"Goods of {self.outlet.name}")
            # Some of them are never counted: what is sold beside a count.
            made = ItemVariation.objects.bulk_create(
                ItemVariation(tenant_id=actor.tenant_id, product=product, sku=f"{self.outlet.pk}-{number}")
                for number in range(batches // share + 50)
            )
        ids = [each.pk for each in made]
        self.counted, self.others = ids[:-50], ids[-50:]
        lines = [
            ReceiptLine(self.counted[number % len(self.counted)], Decimal(2_000), f"B{number}")
            for number in range(batches)
        ]
        lines += [ReceiptLine(variation_id, Decimal(1_000_000), "B") for variation_id in self.others]
        received: list[int] = []
        for first in range(0, len(lines), 1_000):
            posting = receive_stock(
                actor=actor, outlet_id=self.outlet.pk, lines=lines[first : first + 1_000], confirmed=True
            )
            received += [movement.batch_id for movement in posting.movements]
        self.batches = received[:batches]

    def open(self) -> Any:
        from lotkeeper.stocktakes.operations import Scope, open_stock_take

        return open_stock_take(actor=self.actor, outlet_id=self.outlet.pk, scope=Scope())

    def record(self, take: Any, quantity: int) -> None:
        from lotkeeper.stocktakes.operations import Observation, record_counts

        seen = [Observation(batch, Decimal(quantity)) for batch in self.batches]
        record_counts(actor=self.actor, stock_take_id=take.pk, observations=seen)

    def reconcile(self, take: Any) -> int:
        from lotkeeper.stocktakes.operations import reconcile_stock_take

        return reconcile_stock_take(actor=self.actor, stock_take_id=take.pk)[1]


def read_page(take: Any) -> None:
    """The first page of the differences."""
    from django.db import transaction

    from lotkeeper.stock.queries import Window
    from lotkeeper.stocktakes.queries import LinesWanted, variance_lines

    with transaction.atomic():
        assert variance_lines(take, LinesWanted(only_differences=True), Window(None, 51))


def read_summary(take: Any) -> None:
    """A stock take in figures."""
    from django.db import transaction

    from lotkeeper.stocktakes.queries import variance_summary

    with transaction.atomic():
        assert variance_summary(take).counted


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


# --- size ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sized:
    """One stock take, from entering it to posting it."""

    lines: int
    record: float
    page: float
    summary: float
    reconcile: float
    own_megabytes: float
    server_megabytes: float


def measure_size(shop: Shop) -> Sized:
    """A count of every batch in one request, every one short, posted in one transaction."""
    from django.db import connection

    connection.close()
    connection.ensure_connection()
    backend = connection.connection.info.backend_pid
    with Watch(lambda: machine.private_megabytes(backend), every_seconds=0.02) as watch:
        take = shop.open()
        record = timed(lambda: shop.record(take, 1_999))
        page, summary = timed(lambda: read_page(take)), timed(lambda: read_summary(take))
        reconcile = timed(lambda: shop.reconcile(take))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Sized(len(shop.batches), record, page, summary, reconcile, own, watch.most_megabytes)


def report_sizes(measured: Sequence[Sized]) -> None:
    """A table of stock takes of several sizes."""
    print("| lines | " + " | ".join(f"{each.lines}" for each in measured) + " |")
    print("|---" * (len(measured) + 1) + "|")
    rows: list[tuple[str, Callable[[Sized], str]]] = [
        ("entered in one request, s", lambda each: f"{each.record:.2f}"),
        ("lines entered a second", lambda each: f"{each.lines / each.record:.0f}"),
        ("first page of differences, s", lambda each: f"{each.page:.2f}"),
        ("in figures, s", lambda each: f"{each.summary:.2f}"),
        ("posted in one transaction, s", lambda each: f"{each.reconcile:.2f}"),
        ("lines posted a second", lambda each: f"{each.lines / each.reconcile:.0f}"),
        ("peak memory of the process, MB", lambda each: f"{each.own_megabytes:.0f}"),
        ("peak private memory of its server process, MB", lambda each: f"{each.server_megabytes:.0f}"),
    ]
    for name, told in rows:
        print(f"| {name} | " + " | ".join(told(each) for each in measured) + " |")
    print()


# --- sales beside it -------------------------------------------------------------------------------------------------

Sales = list[tuple[float, float]]


def sales_beside(shop: Shop) -> tuple[dict[str, Sales], list[tuple[float, float]]]:
    """Sales of other items and of counted ones, as (began, lasted), and when counts were posted meanwhile."""
    takes = [shop.open() for _ in range(4)]
    for shorter, take in enumerate(takes):
        shop.record(take, 1_900 - shorter)
    sellers = {
        "other items": start_selling(shop, shop.others),
        "counted items": start_selling(shop, shop.counted[::10]),
    }
    for seller in sellers.values():
        assert seller.stdout is not None
        seller.stdout.readline()
    posting = []
    for take in takes:
        time.sleep(2)
        began = time.time()
        shop.reconcile(take)
        posting.append((began, time.time()))
    time.sleep(1)
    sales = {}
    for name, seller in sellers.items():
        output, _ = seller.communicate("enough\n")
        sales[name] = [(began, lasted) for began, lasted in json.loads(output)]
    return sales, posting


def start_selling(shop: Shop, variation_ids: Sequence[int]) -> subprocess.Popen[str]:
    """A till in a process of its own, that says when it is ready and what it did when it is told that it is enough."""
    told = {
        "tenant_id": shop.actor.tenant_id,
        "user_id": shop.actor.user_id,
        "outlet_id": shop.outlet.pk,
        "variation_ids": list(variation_ids),
    }
    command = [sys.executable, "-m", "benchmarks.count", "--sell", json.dumps(told)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own


def sell_for_a_while(*, tenant_id: int, user_id: int, outlet_id: int, variation_ids: Sequence[int]) -> None:
    """One sale after another, at a till's pace, until a line comes in."""
    import select

    import django

    django.setup()
    from lotkeeper.accounts.policies import Actor, Channel, Role
    from lotkeeper.core.tenancy import tenant_scope
    from lotkeeper.stock.operations import IssueLine, deduct_stock

    actor = Actor(tenant_id=tenant_id, user_id=user_id, channel=Channel.API, roles={None: Role.OWNER})
    sales = []
    with tenant_scope(tenant_id):
        for number in range(10_000_000):
            line = IssueLine(variation_ids[number * 7 % len(variation_ids)], Decimal(1))
            began = time.time()
            deduct_stock(actor=actor, outlet_id=outlet_id, lines=[line])
            sales.append((began, time.time() - began))
            if number == 20:
                print("ready", flush=True)
            if select.select([sys.stdin], [], [], 1 / SALES_A_SECOND)[0]:
                break
    print(json.dumps(sales[20:]))


def report_sales(sales: dict[str, Sales], posting: Sequence[tuple[float, float]]) -> None:
    """Quantiles of the sales that met a posting, beside those that did not."""
    lasted = statistics.median(end - began for began, end in posting)
    print(f"Sales while a count is posted ({len(posting)} times, {lasted:.2f} s each)\n")
    print("| sales of | beside | sales | p50 ms | p99 ms | longest ms |\n|---|---|---|---|---|---|")
    for name, each in sales.items():
        met = [any(began < end and start < began + took for start, end in posting) for began, took in each]
        for beside, wanted in (("nothing", False), ("a posting", True)):
            chosen = sorted(took * 1000 for (_, took), did in zip(each, met, strict=True) if did is wanted)
            p50, p99 = chosen[len(chosen) // 2], chosen[min(len(chosen) * 99 // 100, len(chosen) - 1)]
            print(f"| {name} | {beside} | {len(chosen)} | {p50:.1f} | {p99:.1f} | {chosen[-1]:.1f} |")
    print()


# --- history ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deep:
    """A stock take whose batches moved so many times since they were counted."""

    depth: int
    page: float
    reconcile: float


def measure_depth(actor: Any, depth: int, *, batches: int) -> Deep:
    """Count, sell on, and look and post only then."""
    from lotkeeper.stock.operations import Issue, IssueLine, import_sales, past_entry
    from lotkeeper.stock.policies import OperationKind

    shop = Shop(actor, batches, share=1)
    take = shop.open()
    shop.record(take, 1_999)
    lines = [IssueLine(variation_id, Decimal(1)) for variation_id in shop.counted]
    sale = Issue(past_entry(OperationKind.ISSUE, {}, reference_id=None, occurred_at=None), lines)
    for first in range(0, depth, 100):
        sales = [sale] * min(100, depth - first)
        import_sales(actor=actor, outlet_id=shop.outlet.pk, sales=sales, today=dt.datetime.now(dt.UTC).date())
    page = statistics.median(timed(lambda: read_page(take)) for _ in range(3))
    return Deep(depth, page, timed(lambda: shop.reconcile(take)))


def report_depths(measured: Sequence[Deep]) -> None:
    """A table of histories of several lengths."""
    print("| lines of each batch since it was counted | " + " | ".join(f"{each.depth}" for each in measured) + " |")
    print("|---" * (len(measured) + 1) + "|")
    print("| differences read, ms | " + " | ".join(f"{each.page * 1000:.1f}" for each in measured) + " |")
    print("| posted, ms | " + " | ".join(f"{each.reconcile * 1000:.1f}" for each in measured) + " |")


if __name__ == "__main__":
    main()
