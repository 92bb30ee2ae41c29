"""Django's PostgreSQL backend with one change: every transaction begins by naming its tenant.

``BEGIN`` and ``SET LOCAL`` travel in one message. A session-level setting would leak through persistent
connections, and a middleware's ``SET LOCAL`` is lost with the transaction it was sent in.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.db import OperationalError
from django.db.backends.postgresql import base
from psycopg import errors

from lotkeeper.core.tenancy import tenant_id_or_none

from .schema import DatabaseSchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = DatabaseSchemaEditor

    def _set_autocommit(self, autocommit: bool) -> None:  # noqa: FBT001  # Django's signature
        # The driver stays in autocommit mode; a transaction is begun by hand, so that it can carry its tenant.
        if autocommit:
            return
        try:
            self._begin()
        except (OperationalError, errors.OperationalError):
            # The server was restarted under an idle connection. Nothing has been asked of it yet, so a new
            # connection is safe; a failure later in the transaction is never retried here.
            self.connection.close()
            self.connection = self.get_new_connection(self.get_connection_params())
            self.init_connection_state()
            self._begin()

    def _begin(self) -> None:
        tenant_id = tenant_id_or_none()
        begin = "BEGIN" if tenant_id is None else f"BEGIN; SET LOCAL app.tenant_id = '{tenant_id:d}'"
        with self.wrap_database_errors:
            self.connection.execute(begin, prepare=False)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        # Here, not among the parameters: the worker builds its own connections from those.
        connection = super().get_new_connection({**conn_params, "autocommit": True})
        #: For ``calls.call``: the driver's own cursor, kept, since making one costs as much as a short call.
        self.calls = psycopg.Cursor(connection)
        return connection
