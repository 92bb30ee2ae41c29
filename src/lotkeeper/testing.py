"""The pytest plugin: a PostgreSQL of the tests' own, migrated once, and a fresh database for every test process.

It has to be up before Django reads its settings, which is why this is a plugin (``-p lotkeeper.testing``) and not a
conftest. The migrated template is kept between runs for as long as nothing that shapes the schema changes. The tests
connect as the product does, as a role that owns nothing.
"""

from __future__ import annotations

import fcntl
import functools
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from lotkeeper.config.database.binaries import find_binaries, major_version
from lotkeeper.config.database.connection import APP_ROLE, OWNER_ROLE, SUPERUSER_ROLE
from lotkeeper.config.database.digest import schema_digest
from lotkeeper.config.database.embedded import SOCKET_PORT, EmbeddedServer
from lotkeeper.config.database.lease import server_in_use
from lotkeeper.config.database.location import make_server_directory
from lotkeeper.config.database.roles import close_database, provision
from lotkeeper.config.database.server_settings import THROWAWAY

TEMPLATES_KEPT = 3

_session = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Bring up the database, then let pytest-django read the settings."""
    kept = early_config.rootpath / ".lotkeeper" / f"tests-postgresql-{major_version(find_binaries())}"
    server = EmbeddedServer(make_server_directory(kept), THROWAWAY)
    _session.enter_context(server_in_use(server))
    home = _session.enter_context(tempfile.TemporaryDirectory(prefix="lotkeeper-tests-"))
    os.environ["LOTKEEPER_HOME"] = home
    Path(home, "static").mkdir()
    os.environ["LOTKEEPER_SECRET_KEY"] = "known to all, and therefore for tests alone"  # noqa: S105  # no secret
    with psycopg.connect(_conninfo(server, SUPERUSER_ROLE, "postgres"), autocommit=True) as admin:
        database = _fresh_database(admin, server)
    os.environ["DATABASE_URL"] = _conninfo(server, APP_ROLE, database)
    os.environ["DATABASE_OWNER_URL"] = _conninfo(server, OWNER_ROLE, database)
    yield
    _find_static_files_where_they_lie()


def pytest_unconfigure() -> None:
    """Drop this process's database; the last process out stops the server."""
    with suppress(KeyError):
        address = psycopg.conninfo.conninfo_to_dict(os.environ.pop("DATABASE_URL"))
        _close_django_connections()
        superuser = make_conninfo("", **{**address, "user": SUPERUSER_ROLE, "dbname": "postgres"})
        with psycopg.connect(superuser, autocommit=True) as admin:
            drop_database(admin, str(address["dbname"]))
    _session.close()


@functools.cache  # A file that changes while the tests run must not lead them to another template.
def template_name() -> str:
    """The migrated database that every test database is copied from."""
    return f"template_{schema_digest()[:16]}"


def copy_template(admin: psycopg.Connection, database: str) -> None:
    """Make a fresh database, migrated and empty; the caller drops it."""
    drop_database(admin, database)
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
            sql.Identifier(database), sql.Identifier(OWNER_ROLE), sql.Identifier(template_name())
        )
    )
    close_database(admin, database)


def drop_database(admin: psycopg.Connection, database: str) -> None:
    """Drop a database, whoever is still connected to it."""
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def _fresh_database(admin: psycopg.Connection, server: EmbeddedServer) -> str:
    """A copy of the migrated template under this process's own name."""
    database = f"test_{os.getpid()}"
    with (server.directory / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        template = template_name()
        databases = admin.execute("SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY oid")
        known = [name for (name,) in databases]
        for name in known:
            if name.startswith(("test_", "unfinished_")) and not _is_running(int(name.split("_")[1])):
                drop_database(admin, name)
        if template not in known:
            _migrate_template(admin, server, template)
            for old in [name for name in known if name.startswith("template_")][:-TEMPLATES_KEPT]:
                drop_database(admin, old)
        copy_template(admin, database)
    return database


def _migrate_template(admin: psycopg.Connection, server: EmbeddedServer, template: str) -> None:
    unfinished = f"unfinished_{os.getpid()}"
    drop_database(admin, unfinished)
    provision(admin, unfinished)
    owner = _conninfo(server, OWNER_ROLE, unfinished)
    migrated = subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings",
            "DATABASE_URL": owner,
            "DATABASE_OWNER_URL": owner,
            "LOTKEEPER_DATABASE_ROLE": "owner",
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if migrated.returncode != 0:
        drop_database(admin, unfinished)
        message = f"the tests' database could not be migrated:\n{migrated.stdout}{migrated.stderr}"
        raise pytest.UsageError(message)
    # Named last, so that an interrupted migration is never taken for a template.
    admin.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(template))
    )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _find_static_files_where_they_lie() -> None:
    """Spare the tests the collecting of static files, which gives them their final names."""
    from django.conf import settings  # only once Django is set up

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


def _close_django_connections() -> None:
    from django.db import connections  # only once Django is set up

    connections.close_all()


def _conninfo(server: EmbeddedServer, role: str, database: str) -> str:
    return make_conninfo(host=str(server.socket), port=SOCKET_PORT, user=role, dbname=database)
