"""How the database is reached: which address, and as which role."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lotkeeper.config.database.embedded import SOCKET_PORT, socket_directory
from lotkeeper.config.database.location import home_directory, server_directory

DATABASE_NAME = "lotkeeper"
OWNER_ROLE = "lk_owner"
APP_ROLE = "lk_app"
SUPERUSER_ROLE = "postgres"


def database_is_embedded() -> bool:
    """Whether Lotkeeper runs its own PostgreSQL; otherwise ``DATABASE_URL`` names one."""
    return not os.environ.get("DATABASE_URL")


def data_directory() -> Path | None:
    """The folder that Lotkeeper's own PostgreSQL writes to; None when ``DATABASE_URL`` names another."""
    return server_directory(home_directory()) if database_is_embedded() else None


def embedded_conninfo(role: str, database: str = DATABASE_NAME) -> str:
    """The address of a database in the embedded server, for psycopg and psql."""
    socket = socket_directory(server_directory(home_directory()))
    return make_conninfo(host=str(socket), port=SOCKET_PORT, user=role, dbname=database)


def app_conninfo() -> str:
    """The address as the web pages and the worker use it: a role that owns nothing."""
    return os.environ.get("DATABASE_URL") or embedded_conninfo(APP_ROLE)


def owner_conninfo() -> str:
    """The address as migrations use it; with one role only, the same as the application's ("degraded")."""
    return os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL") or embedded_conninfo(OWNER_ROLE)


def connection_settings() -> dict[str, Any]:
    """Django's entry for the database, as the owner when ``LOTKEEPER_DATABASE_ROLE`` is ``owner``."""
    as_owner = os.environ.get("LOTKEEPER_DATABASE_ROLE") == "owner"
    parameters = conninfo_to_dict(owner_conninfo() if as_owner else app_conninfo())
    return {
        "ENGINE": "lotkeeper.core.postgres",
        "NAME": parameters.pop("dbname", DATABASE_NAME),
        "USER": parameters.pop("user", ""),
        "PASSWORD": parameters.pop("password", ""),
        "HOST": parameters.pop("host", ""),
        "PORT": str(parameters.pop("port", "")),
        "OPTIONS": parameters,
        # A connection for each thread of the server, kept: connecting anew costs more than a sale.
        "CONN_MAX_AGE": None,
        # An ordinary view is one transaction in its tenant; the hot ones open their own.
        "ATOMIC_REQUESTS": True,
    }
