"""Having the database at hand for a piece of work, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from lotkeeper.config.database.connection import (
    DATABASE_NAME,
    SUPERUSER_ROLE,
    database_is_embedded,
    embedded_conninfo,
)
from lotkeeper.config.database.embedded import EmbeddedServer
from lotkeeper.config.database.lease import server_in_use
from lotkeeper.config.database.location import home_directory, make_server_directory
from lotkeeper.config.database.roles import provision


def embedded_server() -> EmbeddedServer:
    """This installation's own PostgreSQL."""
    return EmbeddedServer(make_server_directory(home_directory()))


@contextmanager
def database_running(*, with_parent: bool = False) -> Iterator[EmbeddedServer | None]:
    """Have the database running for the work inside: the embedded one is started and stopped as needed."""
    if not database_is_embedded():
        yield None
        return
    server = embedded_server()
    with server_in_use(server, with_parent=with_parent):
        provision_embedded()
        yield server


def provision_embedded() -> None:
    """Make the roles and the database of the embedded server, unless that was done to the end before."""
    with psycopg.connect(embedded_conninfo(SUPERUSER_ROLE, "postgres"), autocommit=True) as admin:
        finished = admin.execute(
            "SELECT FROM pg_database WHERE datname = %s AND NOT has_database_privilege('public', oid, 'TEMPORARY')",
            [DATABASE_NAME],
        ).fetchone()
        if finished is None:
            provision(admin, DATABASE_NAME)
