"""The records of the ledger as the database tells them: the same for an export and for holding a journal against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from lotkeeper.core.postgres.statements import statement
from lotkeeper.stock.checks.running import Cursor
from lotkeeper.stock.journal.state import JournalState

#: How many rows are asked for at once. An operation is never divided, however many lines it has.
AT_ONCE = 2000

Item = TypeVar("Item")


class LedgerRecord(NamedTuple):
    """A record, and what the state takes from it."""

    operation_id: int | None
    kind: str
    number: int
    version: int
    hash: bytes
    text: str

    @property
    def raw(self) -> bytes:
        """The record as a line of the journal."""
        return self.text.encode() + b"\n"

    def told(self) -> dict[str, Any]:
        """The record as it is read back."""
        told: dict[str, Any] = json.loads(self.text)
        return told


def new_records(cursor: Cursor, tenant_id: int, state: JournalState) -> Iterator[LedgerRecord]:
    """What the ledger holds beyond a state, as of one moment: the cursor's transaction must see only that.

    New batches come first, then operations with all that belongs to them. Which lines are new is told by the batches'
    versions: they have no gap and a batch's lines are committed in their order, so nothing that commits late can be
    skipped. (A cursor over times or ids lost 248 of 1 140 lines under load.)
    """
    cursor.execute(_statement("batches"), {"tenant": tenant_id})
    versions: dict[int, int] = dict(cursor.fetchall())
    unknown = [batch_id for batch_id in versions if batch_id not in state.heads]
    for some in in_chunks(unknown):
        yield from births(cursor, tenant_id, some)
    exported = {batch_id: head.version for batch_id, head in state.heads.items()} | dict.fromkeys(unknown, 0)
    longer = [batch_id for batch_id, version in versions.items() if version > exported[batch_id]]
    cursor.execute(
        f"DECLARE new_operations NO SCROLL CURSOR FOR {_statement('new_operations')}",
        {
            "tenant": tenant_id,
            "batches": longer,
            "versions": [exported[batch_id] for batch_id in longer],
            "lineless": list(state.lineless),
        },
    )
    for pairs in in_chunks(_fetched(cursor), weight=lambda pair: 1 + pair[1]):
        yield from operations(cursor, tenant_id, [operation_id for operation_id, _ in pairs])
    cursor.execute("CLOSE new_operations")
    for some in in_chunks(sorted(state.open_reservations)):
        yield from closed(cursor, tenant_id, some)


def births(cursor: Cursor, tenant_id: int, batch_ids: Sequence[int]) -> list[LedgerRecord]:
    """What batches were born as, in the order of their ids."""
    return _records(cursor, "births", {"tenant": tenant_id, "batches": batch_ids})


def operations(cursor: Cursor, tenant_id: int, operation_ids: Sequence[int]) -> list[LedgerRecord]:
    """Operations in the order of their ids, each followed by its lines, counts and promise."""
    return _records(cursor, "operations", {"tenant": tenant_id, "operations": operation_ids})


def closed(cursor: Cursor, tenant_id: int, reservation_ids: Sequence[int]) -> list[LedgerRecord]:
    """How those of these promises ended that have ended."""
    return _records(cursor, "closed", {"tenant": tenant_id, "reservations": reservation_ids})


def in_chunks(items: Iterable[Item], weight: Callable[[Item], int] = lambda _: 1) -> Iterator[list[Item]]:
    """The items, as many together as weigh what is asked for at once."""
    some: list[Item] = []
    total = 0
    for item in items:
        some.append(item)
        total += weight(item)
        if total >= AT_ONCE:
            yield some
            some, total = [], 0
    if some:
        yield some


def _records(cursor: Cursor, name: str, values: dict[str, Any]) -> list[LedgerRecord]:
    cursor.execute(_statement(name), values)
    return [
        LedgerRecord(operation_id, kind, number, version, bytes(hashed or b""), text)
        for operation_id, kind, number, version, hashed, text in cursor.fetchall()
    ]


def _fetched(cursor: Cursor) -> Iterator[tuple[int, int]]:
    while True:
        cursor.execute(f"FETCH {AT_ONCE} FROM new_operations")
        some = cursor.fetchall()
        if not some:
            return
        yield from some


def _statement(name: str) -> str:
    return statement("lotkeeper.stock", f"journal/{name}")
