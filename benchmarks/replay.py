"""The Online Retail file, imported whole, and then once more: what was accepted, how fast, and what it took.

    .venv/bin/python -m benchmarks.replay online_retail.csv.xz      # a minute or two

Everything runs on one server in a temporary folder: Lotkeeper's embedded PostgreSQL with durable commits. The yardstick
is the cheapest way to keep the same lines: one INSERT ... SELECT of all of them into a table without any guard, index or
hash. Compare with it rather than by the clock: these machines are shared and their speed varies by the minute.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine

_RATE = re.compile(r"(\d+) lines a second")
#: What must not change when the same file comes again: every line, every balance, every head.
_STATE = """
    SELECT (SELECT count(*) FROM stock_movement), (SELECT count(*) FROM stock_operation),
      (SELECT md5(string_agg(concat(id, ' ', quantity, ' ', version, ' ', head_hash), ',' ORDER BY id)) FROM stock_batch)
"""
_UNBALANCED = """
    SELECT count(*) FROM stock_batch b WHERE b.quantity <> (
      SELECT coalesce(sum(m.quantity), 0) FROM stock_movement m WHERE m.tenant_id = b.tenant_id AND m.batch_id = b.id)
"""


@dataclass(frozen=True)
class Run:
    """One import: what it said, and what it took."""

    output: str
    seconds: float
    importer_cpu_seconds: float
    importer_megabytes: float
    server_cpu_seconds: float
    server_megabytes: float

    @property
    def lines_per_second(self) -> int:
        """Of the postings alone, without reading the file."""
        return max((int(rate) for rate in _RATE.findall(self.output)), default=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the Online Retail file, as CSV or XLSX, also packed with xz or gzip")
    file = parser.parse_args().file.resolve(strict=True)
    with tempfile.TemporaryDirectory(prefix="lotkeeper-benchmark-") as home:
        Path(home).chmod(0o755)  # noqa: S103  # the database's own account has to walk through
        os.environ |= {"LOTKEEPER_HOME": home, "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings"}
        from lotkeeper.config.database.running import database_running  # reads LOTKEEPER_HOME

        with database_running(with_parent=True) as server:
            assert server is not None, "DATABASE_URL is set; this measures the embedded server"
            pid = server.running_pid()
            assert pid is not None
            measure(file, pid)


def measure(file: Path, server: int) -> None:
    """Import the file twice and look at what stands there."""
    import psycopg

    from lotkeeper.config.database.connection import owner_conninfo

    lotkeeper("migrate", "--verbosity", "0")
    tenant_id = open_shop()
    with psycopg.connect(owner_conninfo(), autocommit=True) as owner:
        first = run_import(file, server)
        print(first.output)
        after_first = owner.execute(_STATE).fetchone()
        yardstick = bare_insert(owner)
        second = run_import(file, server)
        print(second.output.partition("Columns not used")[2].partition("\n")[2])
        after_second = owner.execute(_STATE).fetchone()
        (unbalanced,) = owner.execute(_UNBALANCED).fetchone() or (None,)
    assert after_first is not None
    movements = after_first[0]
    report(first, second, movements, yardstick)
    print(f"balances that differ from their ledger: {unbalanced}")
    print(f"the second import changed {'nothing' if after_first == after_second else 'SOMETHING'}")
    sound = run_all_checks(tenant_id)
    if unbalanced or after_first != after_second or not sound:
        sys.exit(1)


def open_shop() -> int:
    """The business whose file it is, with one outlet."""
    import django

    django.setup()
    from lotkeeper.accounts.operations.tenants import create_tenant
    from lotkeeper.core.tenancy import tenant_scope
    from lotkeeper.outlets.operations.outlets import create_outlet

    made = create_tenant(
        name="Gifts", currency="GBP", timezone="Europe/London", owner_email="owner@gifts.example", owner_password=None
    )
    with tenant_scope(made.tenant.pk):
        create_outlet(actor=made.actor, name="Warehouse", timezone="Europe/London")
    return made.tenant.pk


def run_import(file: Path, server: int) -> Run:
    """``lotkeeper import`` as a process of its own, watched."""
    from django.db import connections

    connections.close_all()
    cpu, started = machine.processor_seconds(server), time.perf_counter()
    command = [sys.executable, "-m", "lotkeeper.config.cli", "import", "sales", str(file)]
    options = ["--mapping", "online-retail", "--create-products", "--apply"]
    with tempfile.TemporaryFile("w+") as output, Watch(lambda: _server_megabytes(server)) as watch:
        process = subprocess.Popen([*command, *options], stdout=output, stderr=subprocess.STDOUT)  # noqa: S603  # our own
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        output.seek(0)
        said = output.read()
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(said)
    return Run(
        output=said,
        seconds=seconds,
        importer_cpu_seconds=usage.ru_utime + usage.ru_stime,
        importer_megabytes=usage.ru_maxrss / 1024,
        server_cpu_seconds=machine.processor_seconds(server) - cpu,
        server_megabytes=watch.most_megabytes,
    )


class Watch:
    """Looks again and again, twice a second unless told otherwise, at how much memory is used."""

    def __init__(self, megabytes: Callable[[], float], every_seconds: float = 0.5) -> None:
        self.megabytes, self.every_seconds = megabytes, every_seconds
        self.most_megabytes = 0.0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.done.wait(self.every_seconds):
            self.most_megabytes = max(self.most_megabytes, self.megabytes())


def _server_megabytes(server: int) -> float:
    return machine.resident_megabytes(machine.descendants(server))


def bare_insert(owner: object) -> float:
    """How many lines a second go into a table that promises nothing."""
    import psycopg

    assert isinstance(owner, psycopg.Connection)
    owner.execute("CREATE TABLE yard_line (LIKE stock_movement)")
    started = time.perf_counter()
    copied = owner.execute("INSERT INTO yard_line SELECT * FROM stock_movement").rowcount
    rate = copied / (time.perf_counter() - started)
    owner.execute("DROP TABLE yard_line")
    return rate


def report(first: Run, second: Run, movements: int, yardstick: float) -> None:
    """A table of both runs."""
    print("| | first import | the same again |\n|---|---|---|")
    rows: list[tuple[str, str, str]] = [
        ("ledger lines posted a second", f"{first.lines_per_second}", "none posted"),
        ("whole run, s", f"{first.seconds:.1f}", f"{second.seconds:.1f}"),
        ("processor time of the importer, s", f"{first.importer_cpu_seconds:.1f}", f"{second.importer_cpu_seconds:.1f}"),
        ("processor time of the server, s", f"{first.server_cpu_seconds:.1f}", f"{second.server_cpu_seconds:.1f}"),
        ("peak memory of the importer, MB", f"{first.importer_megabytes:.0f}", f"{second.importer_megabytes:.0f}"),
        ("peak memory of the server, MB", f"{first.server_megabytes:.0f}", f"{second.server_megabytes:.0f}"),
    ]
    for row in rows:
        print("| " + " | ".join(row) + " |")
    share = first.lines_per_second / yardstick
    print(f"\n{movements} ledger lines; bare INSERT ... SELECT of them: {yardstick:.0f} a second ({share:.3f} of it reached)")
    print(f"processor time of the server for each line: {first.server_cpu_seconds / movements * 1e6:.0f} us")


def run_all_checks(tenant_id: int) -> bool:
    """Every check that ``lotkeeper check`` knows."""
    from lotkeeper.stock.checks import run_checks

    results = run_checks(tenant_id)
    for result in results:
        if not result.ok:
            print(f"check {result.name} FAILED: {result.found} rows, such as {result.offending[:3]}")
    print(f"{sum(result.ok for result in results)} of {len(results)} checks of the ledger hold")
    return all(result.ok for result in results)


def lotkeeper(*words: str) -> None:
    """One of the product's own commands."""
    subprocess.run([sys.executable, "-m", "lotkeeper.config.cli", *words], check=True)  # noqa: S603  # our own


if __name__ == "__main__":
    main()
