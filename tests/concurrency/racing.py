"""Many at once, each with a connection of its own, all let go at the same moment; and databases whose locks are off.

A race test is worth something only if it can lose. So each one here has a twin that runs the same scenario on a scratch
database where one protection was taken out of the functions' text and the moments between looking and writing were
made longer (``nap``), and asserts that it goes wrong there.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from django.db import connection, connections, transaction
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lotkeeper.core.postgres.calls import hang_up
from lotkeeper.core.postgres.scripts import read_script
from lotkeeper.core.tenancy import current_tenant_id, tenant_scope
from lotkeeper.testing import copy_template, drop_database

Answer = TypeVar("Answer")

#: Nobody waits longer than this for anything here: a race that hangs has failed.
LIMIT_SECONDS = 30


def at_once(*tasks: Callable[[], Answer], seconds: float = LIMIT_SECONDS) -> list[Answer | Exception]:
    """What each task answered or raised, all begun at the same moment, in the caller's database and tenant.

    None of them may take longer than so many seconds.
    """
    database, tenant_id = str(connection.settings_dict["NAME"]), current_tenant_id()
    start = threading.Barrier(len(tasks))

    def run(task: Callable[[], Answer]) -> tuple[Answer | Exception, int]:
        with on_database(database), tenant_scope(tenant_id):
            connection.ensure_connection()
            pid = connection.connection.info.backend_pid
            start.wait(LIMIT_SECONDS)
            try:
                return task(), pid
            except Exception as error:  # noqa: BLE001  # the test says which are right
                return error, pid

    with ThreadPoolExecutor(len(tasks)) as threads:
        running = [threads.submit(run, task) for task in tasks]
        answers = [each.result(seconds) for each in running]
    hang_up()
    _wait_until_gone([pid for _, pid in answers])
    return [answer for answer, _ in answers]


def sqlstate(error: object) -> str | None:
    """The database's own code of what went wrong, if it was the database."""
    return getattr(getattr(error, "__cause__", None), "sqlstate", None)


def wait_until_blocked(number: int) -> None:
    """Wait until so many connections to this database wait for a lock."""
    _wait(
        lambda: (
            _asks(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            >= number
        )
    )


def deadlocks() -> int:
    """How many deadlocks this database has seen; a connection tells of its own when it closes."""
    return _asks("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def unsound_batches() -> list[int]:
    """The tenant's batches whose lines do not add up to their balance, or are not numbered 1, 2, 3 ..."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.id FROM stock_batch b"
            " LEFT JOIN stock_movement m ON m.tenant_id = b.tenant_id AND m.batch_id = b.id"
            " WHERE b.tenant_id = %s GROUP BY b.id, b.quantity, b.version"
            " HAVING b.quantity <> coalesce(sum(m.quantity), 0) OR b.quantity < 0 OR b.version <> count(m.version)"
            " OR coalesce(min(m.version), 1) <> 1 OR b.version <> coalesce(max(m.version), 0)",
            [current_tenant_id()],
        )
        return [batch_id for (batch_id,) in cursor.fetchall()]


# --- databases with something taken away -----------------------------------------------------------------------------


@contextmanager
def on_database(name: str) -> Iterator[None]:
    """Let this thread's connection be one to another database of the tests' server."""
    before = connections["default"]
    there = type(before)({**before.settings_dict, "NAME": name}, alias="default")
    connections["default"] = there
    try:
        yield
    finally:
        there.close()
        connections["default"] = before


@contextmanager
def scratch_database(purpose: str, *scripts: str) -> Iterator[str]:
    """A migrated, empty database of this process's own on which the scripts were run; dropped afterwards."""
    name = f"test_{os.getpid()}_{purpose}"
    address = conninfo_to_dict(os.environ["DATABASE_URL"])
    superuser = {**address, "user": "postgres"}
    with psycopg.connect(make_conninfo("", **{**superuser, "dbname": "postgres"}), autocommit=True) as admin:
        copy_template(admin, name)
        try:
            with psycopg.connect(make_conninfo("", **{**superuser, "dbname": name}), autocommit=True) as changing:
                for script in scripts:
                    changing.execute(script.encode())
            yield name
        finally:
            drop_database(admin, name)


def functions() -> str:
    """The text of the posting functions."""
    return read_script("lotkeeper.stock", "sql/functions")


def changed(script: str, pattern: str, replacement: str) -> str:
    """The script with every match replaced; there must be one, or the twin would show nothing."""
    text, times = re.subn(pattern, replacement, script, flags=re.DOTALL)
    assert times > 0, f"nothing matches {pattern}"
    return text


def without_locks(script: str) -> str:
    """The functions as they would be if nobody had thought of locks."""
    return changed(script, r"\s+FOR NO KEY UPDATE( OF \w+)?", "")


def with_naps(script: str) -> str:
    """The functions with a pause between deciding and writing, of another length for whoever comes next."""
    pause = "PERFORM pg_sleep(0.06 * (nextval('lk.turn') % 3));"
    return changed(script, r"(FUNCTION lk\.write_lines\(.*?\nBEGIN\n)", rf"\1  {pause}\n")


#: The same pause where the deciding function writes by itself: after it looked, before its row stands.
NAPS = """
CREATE SEQUENCE lk.turn;
GRANT USAGE ON SEQUENCE lk.turn TO lk_poster;
CREATE FUNCTION lk.nap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NEW; END $$;
CREATE TRIGGER nap BEFORE INSERT ON stock_movement FOR EACH ROW EXECUTE FUNCTION lk.nap();
CREATE TRIGGER nap BEFORE INSERT OR UPDATE ON stock_reservation FOR EACH ROW EXECUTE FUNCTION lk.nap();
"""

#: PostgreSQL looks for deadlocks after a second of waiting; a test need not take that long.
IMPATIENT = """
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = %L', current_database(), '30ms'); END $$;
"""


def _wait_until_gone(pids: Sequence[int]) -> None:
    _wait(lambda: _asks("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY (%s)", list(pids)) == 0)


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not until():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def _asks(question: str, *values: object) -> int:
    # A connection of its own: the caller's may be in the middle of a transaction, whose view of statistics is fixed.
    address = {**conninfo_to_dict(os.environ["DATABASE_URL"]), "dbname": str(connection.settings_dict["NAME"])}
    with psycopg.connect(make_conninfo("", **address), autocommit=True) as asking:
        row = asking.execute(question.encode(), values).fetchone()
    assert row is not None
    return int(row[0])
