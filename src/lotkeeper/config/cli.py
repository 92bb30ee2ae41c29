"""``lotkeeper``: the product's own commands, and every Django management command, with the database at hand."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import quote

import psycopg

from lotkeeper.config.database import lease
from lotkeeper.config.database.binaries import NoPostgreSQL, find_binaries
from lotkeeper.config.database.connection import (
    APP_ROLE,
    DATABASE_NAME,
    OWNER_ROLE,
    SUPERUSER_ROLE,
    app_conninfo,
    database_is_embedded,
    embedded_conninfo,
    owner_conninfo,
)
from lotkeeper.config.database.embedded import ServerDidNotStart
from lotkeeper.config.database.roles import provision
from lotkeeper.config.database.running import database_running, embedded_server, provision_embedded
from lotkeeper.config.supervisor import KeepsDying
from lotkeeper.config.up import CannotStart, Options, up

#: Commands that change the schema or repair what only its owner may; all others run as the application does.
OWNER_COMMANDS = frozenset({"makemigrations", "migrate", "rebuild", "showmigrations", "sqlmigrate"})
#: Of a command with several verbs, the one that does.
OWNER_VERBS = {"journal": "restore"}
#: Commands that never ask the database anything.
OFFLINE_COMMANDS = frozenset(
    {"collectstatic", "help", "makemessages", "spectacular", "version", "--help", "-h", "--version"}
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    own = OWN_COMMANDS.get(words[0]) if words else None
    try:
        return own(words[1:]) if own else _django(words)
    except (CannotStart, KeepsDying, NoPostgreSQL, ServerDidNotStart, psycopg.OperationalError) as reason:
        print(reason, file=sys.stderr)  # noqa: T201  # a sentence for the terminal, not a traceback
        return 1


def _up(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("lotkeeper up", description="Run everything: database, web server, worker.")
    parser.add_argument("--host", default=os.environ.get("LOTKEEPER_HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(os.environ.get("LOTKEEPER_PORT", "8000")))
    parser.add_argument("--demo", action="store_true", help="fill an empty installation with a demonstration shop")
    parser.add_argument("--workers", type=int, default=int(os.environ.get("LOTKEEPER_WEB_WORKERS", "2")))
    parser.add_argument("--threads", type=int, default=int(os.environ.get("LOTKEEPER_WEB_THREADS", "8")))
    return up(Options(**vars(parser.parse_args(words))))


def _db(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("lotkeeper db", description="The embedded PostgreSQL by itself.")
    parser.add_argument("verb", choices=["start", "stop", "status"])
    verb = parser.parse_args(words).verb
    if not database_is_embedded():
        message = "DATABASE_URL names the database; it is not ours to start or stop."
        raise CannotStart(message)
    server = embedded_server()
    if verb == "start":
        lease.keep_running(server)
        provision_embedded()
    if verb == "stop" and not lease.stop_keeping(server):
        print("PostgreSQL is in use; it stops with the last command that uses it.")  # noqa: T201
    pid = server.running_pid()
    print(f"PostgreSQL runs, process {pid}, socket {server.socket}" if pid else "PostgreSQL is not running")  # noqa: T201
    return 0 if pid or verb == "stop" else 3


def _psql(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("lotkeeper psql", description="psql on Lotkeeper's database, as the application.")
    role = parser.add_mutually_exclusive_group()
    role.add_argument("--owner", action="store_const", const=OWNER_ROLE, dest="role", help="as the tables' owner")
    role.add_argument("--superuser", action="store_const", const=SUPERUSER_ROLE, dest="role", help="as the superuser")
    known, rest = parser.parse_known_args(words)
    if known.role == SUPERUSER_ROLE and not database_is_embedded():
        message = "The superuser is known in the embedded server only."
        raise CannotStart(message)
    with database_running():
        superuser = embedded_conninfo(SUPERUSER_ROLE) if known.role == SUPERUSER_ROLE else ""
        address = superuser or (owner_conninfo() if known.role == OWNER_ROLE else app_conninfo())
        return subprocess.run([find_binaries() / "psql", address, *rest], check=False).returncode


def _provision(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "lotkeeper provision", description="Make Lotkeeper's roles and database in a PostgreSQL of your own."
    )
    parser.add_argument("--admin-url", required=True, help="a role that may create roles and databases")
    parser.add_argument("--database", default=DATABASE_NAME)
    parser.add_argument("--new-passwords", action="store_true", help="replace the passwords of roles that exist")
    options = parser.parse_args(words)
    with psycopg.connect(options.admin_url, autocommit=True) as admin:
        existing = {name for (name,) in admin.execute("SELECT rolname FROM pg_roles")}
        login_roles = [APP_ROLE, OWNER_ROLE]
        wanted = login_roles if options.new_passwords else [role for role in login_roles if role not in existing]
        passwords = {role: secrets.token_urlsafe(24) for role in wanted}
        for sentence in provision(admin, options.database, passwords):
            print(sentence)  # noqa: T201
        for variable, role in (("DATABASE_URL", APP_ROLE), ("DATABASE_OWNER_URL", OWNER_ROLE)):
            print(f"{variable}={_address(admin, role, passwords.get(role, '<its password>'), options.database)}")  # noqa: T201
    return 0


def _address(admin: psycopg.Connection, role: str, password: str, database: str) -> str:
    host, port = admin.info.host, admin.info.port
    if host.startswith("/"):
        return f"postgresql://{role}:{password}@/{database}?host={quote(host)}&port={port}"
    return f"postgresql://{role}:{password}@{host}:{port}/{database}"


def _backup(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "lotkeeper backup", description="Back up the database, the journals, the pictures and the secret key."
    )
    parser.add_argument("--folder", type=Path, help="where backups are kept")
    folder = parser.parse_args(words).folder
    with _django_ready():
        from lotkeeper.config.backup import BackupFailed, backup_directory, make_backup
        from lotkeeper.stock.journal import JournalRefused

        try:
            made = make_backup(folder or backup_directory(), now=dt.datetime.now(dt.UTC))
        except (BackupFailed, JournalRefused) as reason:
            raise CannotStart(str(reason)) from reason
    print(f"Backed up to {made}. Copy it to another machine.")  # noqa: T201
    return 0


def _drill(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        "lotkeeper drill", description="Restore the newest backup into a scratch database, verify it, and remove it."
    )
    parser.add_argument("--folder", type=Path, help="where backups are kept")
    parser.add_argument("--admin-url", help="on a PostgreSQL of your own: a role that may create databases")
    options = parser.parse_args(words)
    if not options.admin_url and not database_is_embedded():
        message = "On a PostgreSQL of your own a drill needs --admin-url: it makes a database beside the shop's."
        raise CannotStart(message)
    with _django_ready():
        from lotkeeper.config.backup import BackupFailed, backup_directory
        from lotkeeper.config.drill import drill, report
        from lotkeeper.stock.journal import JournalRefused

        admin = options.admin_url or embedded_conninfo(SUPERUSER_ROLE, "postgres")
        try:
            done = drill(options.folder or backup_directory(), admin=admin, now=dt.datetime.now(dt.UTC))
        except (BackupFailed, JournalRefused) as reason:
            raise CannotStart(str(reason)) from reason
    report(done, print)
    return 1 if done.findings else 0


@contextmanager
def _django_ready() -> Iterator[None]:
    """Have the database running and Django set up, for commands of our own that ask the models."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lotkeeper.config.settings")
    with database_running():
        import django  # after the environment is settled

        django.setup()
        yield


def _django(words: Sequence[str]) -> int:
    command = words[0] if words else "help"
    if command in OWNER_COMMANDS or OWNER_VERBS.get(command) in words:
        os.environ["LOTKEEPER_DATABASE_ROLE"] = "owner"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lotkeeper.config.settings")
    with nullcontext() if command in OFFLINE_COMMANDS else database_running():
        from django.core.management import execute_from_command_line
        from django.db import OperationalError  # after the role is chosen

        try:
            execute_from_command_line(["lotkeeper", *words])
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) is not None:
                raise  # The server answered: this is about the command, and its place in the code helps.
            raise CannotStart(str(error).strip()) from error
    return 0


OWN_COMMANDS: dict[str, Callable[[Sequence[str]], int]] = {
    "up": _up,
    "db": _db,
    "psql": _psql,
    "provision": _provision,
    "backup": _backup,
    "drill": _drill,
}


if __name__ == "__main__":
    sys.exit(main())
