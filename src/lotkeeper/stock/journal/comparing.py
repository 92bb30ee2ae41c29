"""Holding a business's ledger against its journal."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from django.db import connection, transaction

from lotkeeper.core.postgres.statements import statement
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock import verifier
from lotkeeper.stock.checks.running import SHOWN, CheckResult, Cursor
from lotkeeper.stock.journal.files import JournalDamaged, JournalFile, open_to_read
from lotkeeper.stock.journal.places import JournalPlace
from lotkeeper.stock.journal.records import births, closed, in_chunks, operations
from lotkeeper.stock.journal.state import JournalState

CHECK_NAME = "journal"
_PROMISE = "Every batch still holds the line that the last checkpoint outside the database vouches for."

Difference = Mapping[str, Any]


def differences(cursor: Cursor, tenant_id: int, state: JournalState) -> Sequence[Difference]:
    """Where a ledger has lost or changed what was exported of it, seen from the last line of each batch.

    Each line's hash covers the one before it, so a batch whose exported head still stands has all that came before
    (``lotkeeper check`` recomputes those hashes). Operations without lines are looked at one by one.
    """
    found: list[Difference] = []
    for some in in_chunks(state.heads.items()):
        values = {
            "batches": [batch_id for batch_id, _ in some],
            "versions": [head.version for _, head in some],
            "hashes": [head.hash for _, head in some],
        }
        columns = ("batch_id", "version", "version_now", "in_journal", "in_database")
        found += _found(cursor, "heads", columns, {"tenant": tenant_id, **values})
    for told in in_chunks(state.lineless.items()):
        asked = {"operations": [number for number, _ in told], "digests": [digest for _, digest in told]}
        shown = ("operation_id", "in_journal", "in_database", "line_count")
        found += _found(cursor, "lineless", shown, {"tenant": tenant_id, **asked})
    return found


def check_journal(tenant_id: int, place: JournalPlace) -> CheckResult | None:
    """The promise ``journal`` of ``lotkeeper check``; None for a business that was never exported."""
    if not place.journal(tenant_id).exists():
        return None
    started = time.perf_counter()
    try:
        with open_to_read(place, tenant_id) as journal:
            found, examined = [*_unsigned(journal, place), *_compared(tenant_id, journal)], len(journal.state.heads)
    except JournalDamaged as damaged:
        found, examined = [{"damaged": str(damaged)}], 0
    return CheckResult(CHECK_NAME, _PROMISE, len(found), found[:SHOWN], examined, time.perf_counter() - started)


def verify_tenant(tenant_id: int, place: JournalPlace) -> verifier.JournalReport:
    """Verify a business's journal by itself, its heads against the database, and if it holds, every record of it.

    Raises:
        JournalDamaged: it is not what was written.
    """
    with open_to_read(place, tenant_id) as journal:
        report = verifier.verify_journal(place.journal(tenant_id), place.public_key())
        with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            for difference in differences(cursor, tenant_id, journal.state):
                report.note(f"the database lost or changed {sentence(difference)}")
            # What a damaged journal says is no measure of a database.
            for where in changed_records(cursor, tenant_id, journal.records()) if report.ok else ():
                report.note(f"the database says something else of {where}")
    return report


def changed_records(
    cursor: Cursor, tenant_id: int, records: Iterable[tuple[Mapping[str, Any], bytes]]
) -> Iterator[str]:
    """The batches, operations and promises of which the database no longer says what a journal says."""
    groups = groupby((record for record, _ in records), key=_subject)
    subjects = ((subject, list(group)) for subject, group in groups if subject[0])
    for some in in_chunks(subjects, weight=lambda each: len(each[1])):
        for kind, asked in (("batch", births), ("operation", operations), ("closed", closed)):
            told = {number: said for (name, number), said in some if name == kind}
            now: dict[int, list[Any]] = {number: [] for number in told}
            for record in asked(cursor, tenant_id, list(told)) if told else ():
                now[record.number if record.operation_id is None else record.operation_id].append(record.told())
            yield from (f"{kind} {number}" for number, said in told.items() if said != now[number])


def sentence(difference: Difference) -> str:
    """A difference in words."""
    return ", ".join(f"{name} {value}" for name, value in difference.items() if value is not None)


def _subject(record: Mapping[str, Any]) -> tuple[str, int]:
    kind = record["record"]
    if kind in {"batch", "closed"}:
        return kind, record["batch" if kind == "batch" else "reservation"]
    # Rows of products, people and so on may change.
    return ("", 0) if kind == "row" else ("operation", record["operation"])


def _compared(tenant_id: int, journal: JournalFile) -> Sequence[Difference]:
    with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        return differences(cursor, tenant_id, journal.state)


def _unsigned(journal: JournalFile, place: JournalPlace) -> Iterator[Difference]:
    checkpoint = journal.last_checkpoint
    if checkpoint and not verifier.is_signed(checkpoint, place.public_key()):
        yield {"checkpoint": checkpoint["number"], "signed": "not by the key of this installation"}


def _found(cursor: Cursor, name: str, names: Sequence[str], values: Mapping[str, Any]) -> Iterator[Difference]:
    cursor.execute(statement("lotkeeper.stock", f"journal/{name}"), values)
    return (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
