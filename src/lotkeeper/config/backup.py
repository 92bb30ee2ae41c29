"""``lotkeeper backup``: everything an installation keeps, in a folder of its own."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lotkeeper.accounts.models import Tenant
from lotkeeper.config.database import home_directory
from lotkeeper.config.database.binaries import find_binaries
from lotkeeper.config.database.connection import database_is_embedded, embedded_conninfo, owner_conninfo
from lotkeeper.config.database.roles import BACKUP_ROLE
from lotkeeper.stock.journal import JournalPlace, export_journals, journal_place
from lotkeeper.stock.journal.files import open_to_read

MANIFEST_NAME = "manifest.json"
DUMP_NAME = "database.dump"
#: The form of the backups that are written and read here.
FORMAT = 1


class BackupFailed(RuntimeError):
    """No backup was made, or the one there is cannot be used; the message says why."""


def backup_directory() -> Path:
    """Where backups are kept unless told otherwise."""
    return Path(os.environ.get("LOTKEEPER_BACKUP_FOLDER") or home_directory() / "backups")


def make_backup(folder: Path, *, now: dt.datetime) -> Path:
    """Back up the database, the journals, the pictures and the secret key while everything runs; answers where to.

    The journals come first, so that the database that follows holds at least what they say. The key that signs them
    stays where it is: a backup that can be signed anew proves nothing.

    Raises:
        BackupFailed: pg_dump did not come to its end.
        JournalRefused: the ledger is not what it was; it must not replace a backup of what it was.
    """
    place = journal_place()
    for _ in export_journals(Tenant.objects.order_by("id").values_list("id", flat=True), place=place, now=now):
        pass
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{now.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    with _unfinished(made) as inside:
        businesses = [_copy_journal(place, tenant_id, inside / "journal") for tenant_id in place.tenants()]
        if place.public_key_file.exists():
            shutil.copy2(place.public_key_file, inside / "journal")
        if settings.MEDIA_ROOT.exists():
            shutil.copytree(settings.MEDIA_ROOT, inside / "media")
        (inside / "secret-key").touch(mode=0o600)
        (inside / "secret-key").write_text(settings.SECRET_KEY)
        _dump(inside / DUMP_NAME)
        manifest = {
            "format": FORMAT,
            "made_at": now.isoformat(),
            "lotkeeper": version("lotkeeper"),
            "businesses": businesses,
            "files": dict(file_hashes(inside)),
        }
        (inside / MANIFEST_NAME).write_text(json.dumps(manifest, indent=1))
    return made


def file_hashes(folder: Path) -> Iterator[tuple[str, str]]:
    """The SHA-256 of every file of a backup but its manifest, by its path within."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path != folder / MANIFEST_NAME:
            with path.open("rb") as file:
                yield str(path.relative_to(folder)), hashlib.file_digest(file, "sha256").hexdigest()


def run_program(name: str, conninfo: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs on a database; a password is kept from the list of processes.

    Raises:
        BackupFailed: with what it said.
    """
    parameters = conninfo_to_dict(conninfo)
    password = parameters.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    done = subprocess.run(
        [find_binaries() / name, f"--dbname={make_conninfo('', **parameters)}", *arguments],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        message = f"{name} failed: {done.stderr.strip()[-2000:]}"
        raise BackupFailed(message)


def _dump(file: Path) -> None:
    conninfo = embedded_conninfo(BACKUP_ROLE) if database_is_embedded() else owner_conninfo()
    run_program("pg_dump", conninfo, "--format=custom", f"--file={file}")


def _copy_journal(place: JournalPlace, tenant_id: int, folder: Path) -> Mapping[str, Any]:
    folder.mkdir(exist_ok=True)
    # While it is held open, nobody adds to it.
    with open_to_read(place, tenant_id) as journal:
        shutil.copy2(place.journal(tenant_id), folder)
        told = journal.last_checkpoint
    return {"tenant": tenant_id, **{name: told[name] for name in ("number", "heads", "operations", "lines", "counts")}}


@contextmanager
def _unfinished(made: Path) -> Iterator[Path]:
    """A folder that gets its name when all is in it, so that a backup that was interrupted never counts as one."""
    if made.exists():
        message = f"{made} is there already"
        raise BackupFailed(message)
    inside = made.with_name(f"unfinished-{made.name}-{os.getpid()}")
    inside.mkdir(mode=0o700)
    try:
        yield inside
        inside.rename(made)
    except BaseException:
        shutil.rmtree(inside)
        raise
