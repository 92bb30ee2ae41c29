"""Adding to the journal what was committed since the last time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock import verifier
from lotkeeper.stock.journal.comparing import Difference, differences, sentence
from lotkeeper.stock.journal.files import JournalDamaged, JournalFile, JournalRefused, open_to_add
from lotkeeper.stock.journal.places import JournalPlace
from lotkeeper.stock.journal.records import new_records
from lotkeeper.stock.journal.rows import changed_rows


class JournalContradicted(JournalRefused):
    """The database no longer says what was exported from it."""

    def __init__(self, tenant_id: int, path: Path, found: Sequence[Difference]) -> None:
        super().__init__(
            f"The ledger of business {tenant_id} contradicts its journal {path} in {len(found)} places, "
            f"first {sentence(found[0])}. Nothing was exported. "
            "Either the ledger was tampered with, or an older backup was restored: "
            "`lotkeeper check --only journal` shows where, docs/how-to/back-up.md what to do."
        )
        self.found = found


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export added."""

    tenant_id: int
    operations: int
    lines: int
    counts: int
    #: The number of the checkpoint that ends it.
    checkpoint: int


def export_journals(tenant_ids: Iterable[int], *, place: JournalPlace, now: dt.datetime) -> Iterator[Exported]:
    """Export one business after the other; what is wrong with one keeps none of the others back.

    Raises:
        JournalRefused: in the end, if any could not be exported.
    """
    refused: list[str] = []
    for tenant_id in tenant_ids:
        try:
            done = export_journal(tenant_id, place=place, now=now)
        except JournalRefused as reason:
            refused.append(str(reason))
        else:
            yield done
    if refused:
        raise JournalRefused("\n".join(refused))


def export_journal(tenant_id: int, *, place: JournalPlace, now: dt.datetime) -> Exported:
    """Add what a business committed since its last export, and a signed checkpoint; selling goes on meanwhile.

    When it ends unharmed, all of it would outlive a power cut. When it is killed, the next one begins where the last
    checkpoint stands. Two at once wait for each other.

    Raises:
        JournalContradicted: the database has gone back behind the journal, or says something else.
        JournalDamaged: the journal is not what was written, or was signed with another key.
    """
    key = place.signing_key()
    with open_to_add(place, tenant_id) as journal:
        last = journal.last_checkpoint
        if last and not verifier.is_signed(last, place.public_key()):
            message = (
                f"The last checkpoint of {place.journal(tenant_id)} was not signed with {place.key_file}. Nothing was "
                "exported. Put back the key, or move the journal aside: the next export begins a new one."
            )
            raise JournalDamaged(message)
        before = (journal.state.operations, journal.state.lines, journal.state.counts)
        with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
            # One moment for all that is read: what commits meanwhile comes next time, whole.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            found = differences(cursor, tenant_id, journal.state)
            if found:
                raise JournalContradicted(tenant_id, place.journal(tenant_id), found)
            _add_news(journal, cursor, tenant_id)
        journal.add_checkpoint(key, now.astimezone(dt.UTC).isoformat(timespec="microseconds"))
        state = journal.state
        operations, lines, counts = (
            now_ - then for now_, then in zip((state.operations, state.lines, state.counts), before, strict=True)
        )
        return Exported(tenant_id, operations, lines, counts, state.checkpoints)


def _add_news(journal: JournalFile, cursor: Any, tenant_id: int) -> None:
    """Add the records that are not there yet; a checkpoint must follow."""
    for row in changed_rows(cursor, tenant_id, journal.state):
        journal.add(row.raw)
        journal.state.note_row(row.table, row.number, row.raw, gone=row.gone)
    for record in new_records(cursor, tenant_id, journal.state):
        journal.add(record.raw)
        journal.state.note(record.kind, record.number, record.version, record.hash)
