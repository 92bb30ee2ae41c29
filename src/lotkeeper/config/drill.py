"""``lotkeeper drill``: the newest backup restored beside the shop, looked at, and taken away again."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lotkeeper.config.backup import DUMP_NAME, FORMAT, MANIFEST_NAME, BackupFailed, file_hashes, run_program
from lotkeeper.stock import verifier
from lotkeeper.stock.checks import check_tenant
from lotkeeper.stock.journal import JournalPlace, differences
from lotkeeper.stock.journal.files import open_to_read
from lotkeeper.stock.journal.places import PUBLIC_KEY_NAME


@dataclass(frozen=True, slots=True)
class Drill:
    """What came of restoring a backup."""

    backup: Path
    age: dt.timedelta
    restore_seconds: float
    verify_seconds: float
    businesses: int
    lines: int
    #: What does not hold, a sentence each.
    findings: Sequence[str]


def drill(folder: Path, *, admin: str, now: dt.datetime) -> Drill:
    """Restore the newest backup into a scratch database of the same server, and hold it against its own journal.

    Args:
        folder: where the backups are.
        admin: the address of a role that may create databases and give their contents to our roles.
        now: what the age of the backup is counted to.

    Raises:
        BackupFailed: there is no backup, it was changed, or it does not restore.
    """
    backup = newest_backup(folder)
    manifest = json.loads((backup / MANIFEST_NAME).read_text())
    if manifest["format"] != FORMAT:
        message = f"{backup} has the form {manifest['format']}; this version reads {FORMAT}"
        raise BackupFailed(message)
    if dict(file_hashes(backup)) != manifest["files"]:
        message = f"{backup} is not what was written: its files do not fit its manifest"
        raise BackupFailed(message)
    started = time.perf_counter()
    with _scratch_database(admin) as scratch:
        run_program("pg_restore", scratch, "--exit-on-error", backup / DUMP_NAME)
        restored = time.perf_counter()
        tenants = [each["tenant"] for each in manifest["businesses"]]
        with psycopg.connect(scratch) as connection:
            findings = [
                f"business {tenant_id}: {finding}"
                for tenant_id in tenants
                for finding in _findings(connection, tenant_id, backup / "journal")
            ]
        return Drill(
            backup=backup,
            age=now - dt.datetime.fromisoformat(manifest["made_at"]),
            restore_seconds=restored - started,
            verify_seconds=time.perf_counter() - restored,
            businesses=len(tenants),
            lines=sum(each["lines"] for each in manifest["businesses"]),
            findings=findings,
        )


def newest_backup(folder: Path) -> Path:
    """The last backup that came to its end.

    Raises:
        BackupFailed: there is none.
    """
    found = sorted(path.parent for path in folder.glob(f"*/{MANIFEST_NAME}"))
    finished = [path for path in found if not path.name.startswith("unfinished-")]
    if not finished:
        message = f"there is no backup in {folder}; `lotkeeper backup` makes one"
        raise BackupFailed(message)
    return finished[-1]


def report(done: Drill, say: Callable[[str], object]) -> None:
    """Tell what came of it."""
    for finding in done.findings:
        say(finding)
    minutes = done.age.total_seconds() / 60
    age = f"{minutes / 60:.1f} hours" if minutes >= 60 else f"{minutes:.0f} minutes"  # noqa: PLR2004  # of an hour
    say(
        f"{done.backup}: {age} old, restored in {done.restore_seconds:.1f} s, verified in {done.verify_seconds:.1f} s; "
        f"{done.businesses} businesses, {done.lines:,} ledger lines."
    )
    say("DOES NOT HOLD" if done.findings else "Everything in it holds: the heads of its journals, and every check.")


def _findings(connection: psycopg.Connection, tenant_id: int, folder: Path) -> Iterator[str]:
    place = JournalPlace(folder, folder / "no-key")
    journal_report = verifier.verify_journal(place.journal(tenant_id), (folder / PUBLIC_KEY_NAME).read_bytes())
    yield from journal_report.findings
    with connection.transaction(), connection.cursor() as cursor, open_to_read(place, tenant_id) as journal:
        cursor.execute(sql.SQL("SET LOCAL app.tenant_id = {}").format(str(tenant_id)))
        yield from (f"not as its journal says: {each}" for each in differences(cursor, tenant_id, journal.state))
        for result in check_tenant(cursor, tenant_id):
            if not result.ok:
                yield f"{result.name}: {result.promise} ({result.found} rows)"


@contextmanager
def _scratch_database(admin: str) -> Iterator[str]:
    name = f"lotkeeper_drill_{secrets.token_hex(4)}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )
        try:
            yield make_conninfo("", **{**conninfo_to_dict(admin), "dbname": name})
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
