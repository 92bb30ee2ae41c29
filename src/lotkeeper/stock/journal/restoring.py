"""A business's ledger written anew from its journal, line by line with its own numbers, times and hashes.

No door is opened for it. The tables' owner may act as ``lk_poster`` anyway, the role of the posting functions; the
restore does, so that every guard, key and check has its say on each row as it had on the first day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from django.db import connection, transaction

from lotkeeper.core.postgres.statements import statement
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock import verifier
from lotkeeper.stock.journal.comparing import changed_records, differences
from lotkeeper.stock.journal.files import JournalFile, JournalRefused, open_to_read
from lotkeeper.stock.journal.places import JournalPlace
from lotkeeper.stock.journal.records import AT_ONCE, in_chunks
from lotkeeper.stock.journal.rows import JournalTable, journal_tables

_LEDGER_TABLES = ("stock_operation", "stock_batch", "stock_count", "stock_reservation", "stock_reservation_line")
#: In this order: a row is written after those that it leans on.
_KINDS = ("operation", "line", "count", "reservation", "closed")


class RestoreRefused(JournalRefused):
    """The journal cannot be restored here; nothing was written."""


@dataclass(slots=True)
class _Waiting:
    """Records on their way into the database, by kind and as they were written: numbers stay exact."""

    records: dict[str, list[bytes]] = field(default_factory=lambda: {kind: [] for kind in _KINDS})
    #: How far the lines of each batch have been written, and those that came before the one they follow.
    versions: dict[int, int] = field(default_factory=dict)
    early: dict[int, dict[int, bytes]] = field(default_factory=dict)
    count: int = 0

    def take(self, record: Mapping[str, Any], raw: bytes) -> None:
        self.count += 1
        if record["record"] != "line":
            self.records[record["record"]].append(raw)
            return
        batch_id = record["batch"]
        early = self.early.setdefault(batch_id, {})
        early[record["version"]] = raw
        last = self.versions.get(batch_id, 0)
        while following := early.pop(last + 1, None):
            last += 1
            self.records["line"].append(following)
        self.versions[batch_id] = last
        if not early:
            del self.early[batch_id]


def restore_journal(tenant_id: int, *, place: JournalPlace, public_key: bytes | None) -> verifier.JournalReport:
    """Write a business from its journal into a database that does not have it; all of it or nothing.

    Runs as the owner of the tables. Passwords and tokens are no part of a journal: people choose new ones.

    Args:
        tenant_id: whose journal of the folder.
        place: the folder.
        public_key: the key (PEM) that its checkpoints must be signed with; None to do without.

    Raises:
        RestoreRefused: the business is there already, the journal does not hold, or what came of it is not the same.
        JournalDamaged: the journal is not what was written.
    """
    with open_to_read(place, tenant_id) as journal:
        report = verifier.verify_journal(place.journal(tenant_id), public_key)
        if not report.ok:
            message = f"The journal does not hold: {report.findings[0]}."
            raise RestoreRefused(message)
        with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SELECT EXISTS (SELECT FROM accounts_tenant WHERE id = %s)", [tenant_id])
            if cursor.fetchone() == (True,):
                message = f"Business {tenant_id} is in this database already."
                raise RestoreRefused(message)
            named = _Named.of(journal)
            _write_rows(cursor, named, [table for table in journal_tables() if not table.leans_on_ledger])
            _write_ledger(cursor, tenant_id, journal, named)
            _write_rows(cursor, named, [table for table in journal_tables() if table.leans_on_ledger])
            _number_on(cursor)
            found = list(differences(cursor, tenant_id, journal.state))
            found += [{"changed": where} for where in changed_records(cursor, tenant_id, journal.records())]
            if found:
                message = f"What was written is not what the journal says: {found[0]}."
                raise RestoreRefused(message)
    return report


@dataclass(slots=True)
class _Named:
    """What the ledger's lines lean on: rows as they were last told, and batches as they were born."""

    rows: dict[tuple[str, int], bytes] = field(default_factory=dict)
    births: dict[int, bytes] = field(default_factory=dict)
    #: Those with amendments, and the number each was born with.
    amended: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, journal: JournalFile) -> Self:
        named, numbers = cls(), {}
        for record, raw in journal.records():
            kind = record["record"]
            if kind == "row":
                key = (record["table"], record["id"])
                named.rows.pop(key, None)
                if record["row"] is not None:
                    named.rows[key] = raw
            elif kind == "batch":
                named.births[record["batch"]] = raw
                numbers[record["batch"]] = record["number"]
            elif kind == "line" and record["amendment"]:
                named.amended[record["batch"]] = numbers[record["batch"]]
        return named


def _write_rows(cursor: Any, named: _Named, tables: Sequence[JournalTable]) -> None:
    for table in tables:
        _write_table(cursor, table, [row for (name, _), row in named.rows.items() if name == table.name])


def _write_table(cursor: Any, table: JournalTable, rows: Sequence[bytes]) -> None:
    if not rows:
        return
    # A column that came after the journal was written keeps its default.
    told = json.loads(rows[0])["row"]
    columns = ", ".join(f'"{column}"' for column in table.columns if column in told)
    cursor.execute(
        f'INSERT INTO "{table.name}" ({columns})'  # noqa: S608  # our own names
        f" SELECT {columns} FROM jsonb_array_elements(%(records)s::jsonb) AS r (record),"
        f" jsonb_populate_record(NULL::\"{table.name}\", r.record -> 'row')",
        {"records": _array(rows)},
    )


def _write_ledger(cursor: Any, tenant_id: int, journal: JournalFile, named: _Named) -> None:
    cursor.execute("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'lk_poster')")
    if cursor.fetchone() == (True,):
        cursor.execute("SET LOCAL ROLE lk_poster")
    _write_births(cursor, tenant_id, named)
    waiting = _Waiting()
    for record, raw in journal.records():
        if record["record"] in _KINDS:
            waiting.take(record, raw)
        if waiting.count >= AT_ONCE:
            _write(cursor, tenant_id, waiting)
    _write(cursor, tenant_id, waiting)
    cursor.execute(_statement("finish_batches"), {"tenant": tenant_id, "numbers": json.dumps(named.amended)})
    cursor.execute(_statement("finish_items"), {"tenant": tenant_id})
    cursor.execute("RESET ROLE")


def _write_births(cursor: Any, tenant_id: int, named: _Named) -> None:
    """Write the batches as they were born.

    What was amended since may have been born under a name that another batch had later. So those come first, one by
    one, and wait under a name of their own.
    """
    for batch_id in sorted(named.amended):
        _write_records(cursor, tenant_id, "batch", [named.births[batch_id]])
        cursor.execute(
            "UPDATE stock_batch SET batch_number = 'restoring ' || id WHERE tenant_id = %s AND id = %s",
            [tenant_id, batch_id],
        )
    for some in in_chunks(birth for batch_id, birth in named.births.items() if batch_id not in named.amended):
        _write_records(cursor, tenant_id, "batch", some)


def _write(cursor: Any, tenant_id: int, waiting: _Waiting) -> None:
    for kind, records in waiting.records.items():
        if records:
            _write_records(cursor, tenant_id, kind, records)
            records.clear()
    waiting.count = 0


def _write_records(cursor: Any, tenant_id: int, kind: str, records: Sequence[bytes]) -> None:
    cursor.execute(_statement(f"write_{kind}"), {"tenant": tenant_id, "records": _array(records)})


def _array(records: Sequence[bytes]) -> str:
    return f"[{b','.join(records).decode()}]"


def _number_on(cursor: Any) -> None:
    """Have what is made next get numbers beyond those that were restored."""
    for table in (*(table.name for table in journal_tables()), *_LEDGER_TABLES):
        cursor.execute(
            # Another business of this database may be further.
            f'SELECT setval(s.name, greatest(nextval(s.name), (SELECT max(id) FROM "{table}")))'  # noqa: S608  # ours
            f" FROM pg_get_serial_sequence('\"{table}\"', 'id') AS s (name)"
        )


def _statement(name: str) -> str:
    return statement("lotkeeper.stock", f"journal/restore/{name}")
