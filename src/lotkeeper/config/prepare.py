"""Bringing an installation up to this version: run by ``lotkeeper up`` as the owner, in a process that then ends."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from lotkeeper.config.database import home_directory
from lotkeeper.config.database.digest import installed_packages, schema_digest
from lotkeeper.config.database.location import PACKAGE_DIRECTORY


def prepare() -> None:
    """Migrate the database and collect the static files, each only when there is something to do."""
    os.environ["LOTKEEPER_DATABASE_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lotkeeper.config.settings")
    django.setup()
    home = home_directory()
    # The file knows of changed functions and rights, which no migration names; the plan, of a database from elsewhere.
    schema = schema_digest()
    noted_schema = home / "schema-digest"
    if _noted(noted_schema) != schema or _pending_migrations():
        print("Bringing the database up to this version.", flush=True)  # noqa: T201  # it takes some seconds
        call_command("migrate", interactive=False, verbosity=0)
        noted_schema.write_text(schema)
    static = _static_digest()
    noted_static = home / "static-digest"
    if _noted(noted_static) != static:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        noted_static.write_text(static)


def _pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _noted(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def _static_digest() -> str:
    """A fingerprint of the static files: ours by size and time, those of packages by the packages' versions."""
    files = sorted(path for path in PACKAGE_DIRECTORY.glob("**/static/**/*") if path.is_file())
    ours = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    return hashlib.sha256("\n".join([*ours, *installed_packages()]).encode()).hexdigest()


if __name__ == "__main__":
    prepare()
