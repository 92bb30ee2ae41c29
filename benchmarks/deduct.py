"""How fast a sale is: the API against pgbench and against the guide's own function, side by side in one run.

    .venv/bin/python -m benchmarks.deduct            # some four minutes
    .venv/bin/python -m benchmarks.deduct --quick

Everything runs on one server in a temporary folder: Lotkeeper's embedded PostgreSQL with durable commits. The yardstick
is the smallest honest transaction (BEGIN, UPDATE one batch, INSERT one line, COMMIT), prepared, over the unix socket.
Compare ratios: these machines are shared and their speed varies by the minute, so every round measures all of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BATCHES = 1000
PLENTY = 100_000_000


@dataclass
class Measured:
    """One way of selling, measured once."""

    per_second: float
    server_cpu_us: float
    database_cpu_us: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0)
    options = parser.parse_args()
    rounds, seconds = (1, 3.0) if options.quick else (options.rounds, options.seconds)
    with tempfile.TemporaryDirectory(prefix="lotkeeper-benchmark-") as home:
        Path(home).chmod(0o755)  # noqa: S103  # the database's own account has to walk through
        os.environ |= {"LOTKEEPER_HOME": home, "DJANGO_SETTINGS_MODULE": "benchmarks.seed_guide.settings"}
        started = time.perf_counter()
        with running_product(port := free_port()) as product:
            print(f"from nothing to the first page: {time.perf_counter() - started:.1f} s")
            bench(product.pid, port, rounds, seconds)


def bench(product: int, port: int, rounds: int, seconds: float) -> None:
    """Prepare the stock and measure every way in turn."""
    import django

    django.setup()
    from benchmarks import machine
    from lotkeeper.config.database.running import embedded_server

    shop = prepare_stock()
    database = embedded_server().running_pid()
    assert database is not None
    print(f"memory at rest: {machine.resident_megabytes(machine.descendants(product)):.0f} MB for the whole product")
    with running_guide(guide_port := free_port()) as guide:

        def api(server: int, at: int, clients: int, hot: bool) -> Callable[[], Measured]:
            return lambda: over_http(server, database, at, shop, clients=clients, seconds=seconds, hot=hot)

        ways: dict[str, Callable[[], Measured]] = {}
        for clients, hot in itertools.product((8, 16), (False, True)):
            place = f"{clients} clients, {'one hot batch' if hot else f'{BATCHES} batches'}"
            ways |= {
                f"pgbench, {place}": lambda c=clients, h=hot: with_pgbench(database, clients=c, seconds=seconds, hot=h),
                f"Lotkeeper API, {place}": api(product, port, clients, hot),
                f"the guide's function, {place}": api(guide.pid, guide_port, clients, hot),
            }
        rows: dict[str, list[Measured]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, measure in ways.items():
                rows[name].append(measure())
        print(f"memory after load: {machine.resident_megabytes(machine.descendants(product)):.0f} MB")
    report(rows)


def report(rows: dict[str, list[Measured]]) -> None:
    """A table of medians; the ratio is the median of the rounds' own ratios."""
    print()
    print("| way | requests/s | of the yardstick | CPU us: web | CPU us: database | p50 ms | p99 ms |")
    print("|---|---|---|---|---|---|---|")
    for name, measured in rows.items():
        yardstick = rows["pgbench, " + name.partition(", ")[2]]
        ratio = statistics.median(a.per_second / b.per_second for a, b in zip(measured, yardstick, strict=True))

        def middle(value: Callable[[Measured], float], of: list[Measured] = measured) -> float:
            return statistics.median(value(each) for each in of)

        print(
            f"| {name} | {middle(lambda m: m.per_second):.0f} | {ratio:.2f} | {middle(lambda m: m.server_cpu_us):.0f} "
            f"| {middle(lambda m: m.database_cpu_us):.0f} | {middle(lambda m: m.p50_ms):.1f} "
            f"| {middle(lambda m: m.p99_ms):.1f} |"
        )


@dataclass
class Shop:
    """What the requests name."""

    token: str
    outlet_id: int
    variation_ids: list[int]


def prepare_stock() -> Shop:
    """A business with an outlet and a thousand batches, in Lotkeeper's tables, the guide's and the yardstick's."""
    import psycopg
    from django.db import transaction
    from django.utils import timezone

    from benchmarks.seed_guide.models import Batch, StockMovement
    from lotkeeper.accounts.operations.tenants import create_tenant
    from lotkeeper.accounts.operations.tokens import issue_token
    from lotkeeper.accounts.policies import Scope
    from lotkeeper.catalog.models import ItemVariation, Product
    from lotkeeper.config.database.connection import owner_conninfo
    from lotkeeper.core.tenancy import tenant_scope
    from lotkeeper.outlets.models import Outlet
    from lotkeeper.stock.operations import ReceiptLine, receive_stock

    made = create_tenant(
        name="Benchmark", currency="EUR", timezone="UTC", owner_email="owner@benchmark.example", owner_password=None
    )
    with tenant_scope(made.tenant.pk):
        with transaction.atomic():
            token = issue_token(actor=made.actor, name="till", scopes=(Scope.STOCK,), now=timezone.now()).plain
            outlet = Outlet(name="Till")
            outlet.save()
            product = Product(name="Thing")
            product.save()
            things = [ItemVariation(tenant=made.tenant, product=product, sku=f"T{n}") for n in range(BATCHES)]
            ItemVariation.objects.bulk_create(things)
        lines = [ReceiptLine(thing.pk, PLENTY, f"B{thing.pk}") for thing in things]
        receive_stock(actor=made.actor, outlet_id=outlet.pk, lines=lines, confirmed=True)
    with psycopg.connect(owner_conninfo(), autocommit=True) as owner:
        for statement in guide_tables(Batch, StockMovement):
            owner.execute(statement)
        owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO lk_app")
        owner.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO lk_app")
        owner.execute(
            "INSERT INTO seed_guide_batch (tenant_id, outlet_id, variation_id, batch_number, expiry_date, quantity,"
            " created_at) SELECT %s, %s, unnest(%s::bigint[]), 'B', '2099-01-01', %s, now()",
            [made.tenant.pk, outlet.pk, [thing.pk for thing in things], PLENTY],
        )
        owner.execute("CREATE TABLE yard_batch (id bigint PRIMARY KEY, quantity numeric NOT NULL, version int NOT NULL)")
        owner.execute(f"INSERT INTO yard_batch SELECT n, {PLENTY}, 0 FROM generate_series(1, {BATCHES}) n")
        owner.execute(
            "CREATE TABLE yard_line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
            " batch_id bigint NOT NULL REFERENCES yard_batch, quantity numeric NOT NULL, at timestamptz NOT NULL)"
        )
        owner.execute("GRANT ALL ON yard_batch, yard_line TO lk_app")
        owner.execute("VACUUM ANALYZE")
    return Shop(token, outlet.pk, [thing.pk for thing in things])


def guide_tables(*models: type) -> list[str]:
    """The SQL of the guide's tables."""
    from django.db import connection

    editor = connection.schema_editor(collect_sql=True, atomic=False)
    editor.deferred_sql = []
    with editor:
        for model in models:
            editor.create_model(model)
    return [statement for statement in editor.collected_sql if not statement.startswith("--")]


def over_http(server: int, database: int, port: int, shop: Shop, *, clients: int, seconds: float, hot: bool) -> Measured:
    """The seed's deduct request, each with a reference of its own."""
    from benchmarks import machine
    from benchmarks.load import put_load

    numbers = itertools.count()
    run = random.getrandbits(40)

    def request() -> bytes:
        variation = shop.variation_ids[0] if hot else random.choice(shop.variation_ids)
        body = json.dumps(
            {
                "variation_id": variation,
                "quantity": 1,
                "outlet_id": shop.outlet_id,
                "movement_type": "sale",
                "reason": "Sale order",
                "reference_id": f"order_{run}_{next(numbers)}",
            }
        ).encode()
        return (
            b"POST /api/v1/inventory/deduct/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s" % (shop.token.encode(), len(body), body)
        )

    put_load(port, clients=clients, seconds=0.5, make_request=request)
    web, base = machine.processor_seconds(server), machine.processor_seconds(database)
    load = put_load(port, clients=clients, seconds=seconds, make_request=request)
    answered = sum(load.statuses.values())
    bad = {status: count for status, count in load.statuses.items() if status >= 300}
    assert not bad, bad
    in_database = machine.processor_seconds(database) - base
    in_web = machine.processor_seconds(server) - web
    if database in machine.descendants(server):
        in_web -= in_database
    return Measured(
        load.per_second,
        in_web / answered * 1e6,
        in_database / answered * 1e6,
        load.percentile(0.5),
        load.percentile(0.99),
    )


def with_pgbench(database: int, *, clients: int, seconds: float, hot: bool) -> Measured:
    """The yardstick."""
    from benchmarks import machine
    from lotkeeper.config.database.binaries import find_binaries
    from lotkeeper.config.database.connection import SOCKET_PORT
    from lotkeeper.config.database.running import embedded_server

    script = Path(os.environ["LOTKEEPER_HOME"]) / "yardstick.sql"
    script.write_text(
        f"\\set batch {'1' if hot else f'random(1, {BATCHES})'}\n"
        "BEGIN;\n"
        "UPDATE yard_batch SET quantity = quantity - 1, version = version + 1 WHERE id = :batch;\n"
        "INSERT INTO yard_line (batch_id, quantity, at) VALUES (:batch, -1, now());\n"
        "COMMIT;\n"
    )
    before = machine.processor_seconds(database)
    ran = subprocess.run(
        [
            *(find_binaries() / "pgbench", "-n", "-M", "prepared", "-f", script, "-T", str(max(int(seconds), 1))),
            *("-c", str(clients), "-j", "2", "-h", str(embedded_server().socket), "-p", str(SOCKET_PORT)),
            *("-U", "lk_app", "lotkeeper"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    done = int(re.search(r"processed: (\d+)", ran)[1])
    return Measured(
        float(re.search(r"tps = ([0-9.]+)", ran)[1]),
        0.0,
        (machine.processor_seconds(database) - before) / done * 1e6,
        float(re.search(r"latency average = ([0-9.]+)", ran)[1]),
    )


@contextmanager
def running_product(port: int) -> Iterator[subprocess.Popen[str]]:
    """``lotkeeper up`` as anybody starts it, until its first page answers."""
    command = [sys.executable, "-m", "lotkeeper.config.cli", "up", "--port", str(port)]
    with running(command, port, "lotkeeper.config.settings") as process:
        yield process


@contextmanager
def running_guide(port: int) -> Iterator[subprocess.Popen[str]]:
    """The guide's function on the same kind of web server."""
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "error"),
        *("--port", str(port), "--workers", "1", "--blocking-threads", "16"),
        *("--blocking-threads-idle-timeout", "600", "benchmarks.seed_guide.wsgi:application"),
    ]
    with running(command, port, "benchmarks.seed_guide.settings") as process:
        yield process


@contextmanager
def running(command: list[str], port: int, settings: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": settings}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, text=True, env=environment)
    try:
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        else:
            sys.exit(f"{command[2]} did not start")
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
