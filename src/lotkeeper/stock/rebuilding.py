"""Making batches show what the ledger says, should they ever differ. The ledger itself is never touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock.checks import run_checks

#: What must hold before anything is derived from the lines.
LEDGER_CHECKS = ("chain", "hashes", "operation_digests", "kinds")


class LedgerDamaged(RuntimeError):
    """The lines themselves do not hold together: nothing may be derived from them."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a batch that does not show what the ledger says."""

    batch_id: int
    field: str
    stored: str | None
    recomputed: str | None


def batch_differences(tenant_id: int) -> Sequence[Difference]:
    """Where the batches of a business differ from its ledger. Changes nothing."""
    return _differences("SELECT * FROM lk.batch_differences(%s)", tenant_id)


def rebuild_batches(tenant_id: int) -> Sequence[Difference]:
    """Write what the ledger says into the batches that differ; answers what was changed.

    Must run as the owner of the tables: the application may not.

    Raises:
        LedgerDamaged: if the lines themselves were tampered with; restore them first.
    """
    damaged = [result.name for result in run_checks(tenant_id, LEDGER_CHECKS) if not result.ok]
    if damaged:
        message = (
            f"The ledger of business {tenant_id} is damaged itself ({', '.join(damaged)}); nothing was rebuilt. "
            "`lotkeeper check` shows where; restore those lines from the journal or a backup first."
        )
        raise LedgerDamaged(message)
    return _differences("SELECT * FROM lk.rebuild_batches(%s)", tenant_id)


def _differences(statement: str, tenant_id: int) -> Sequence[Difference]:
    with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(statement, [tenant_id])
        return [Difference(*row) for row in cursor.fetchall()]
