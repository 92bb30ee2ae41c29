"""Which tenant a piece of work belongs to.

The tenant lives in a ContextVar. The database backend (``core.postgres``) writes it into every transaction as
``SET LOCAL app.tenant_id``; row-level security and composite keys (``core.models``) then refuse the rest, even if a
query forgets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection

_current_tenant: ContextVar[int | None] = ContextVar("lotkeeper_tenant", default=None)


class NoTenantInScope(RuntimeError):
    """A tenant's rows were asked for outside ``tenant_scope()``: a programming error, never a user's."""


def current_tenant_id() -> int:
    """The tenant this work belongs to.

    Raises:
        NoTenantInScope: outside any ``tenant_scope()``.
    """
    tenant_id = _current_tenant.get()
    if tenant_id is None:
        raise NoTenantInScope("no tenant in scope; use tenant_scope()")
    return tenant_id


def tenant_id_or_none() -> int | None:
    """The tenant in scope, or None; for the database backend and the logs."""
    return _current_tenant.get()


@contextmanager
def tenant_scope(tenant_id: int) -> Iterator[None]:
    """Do the work inside on behalf of one tenant.

    Raises:
        NoTenantInScope: if another tenant's transaction is open; a transaction belongs to one tenant.
    """
    if _current_tenant.get() != tenant_id and connection.in_atomic_block:
        raise NoTenantInScope("the tenant cannot change inside an open transaction")
    token = _current_tenant.set(int(tenant_id))
    try:
        yield
    finally:
        _current_tenant.reset(token)
