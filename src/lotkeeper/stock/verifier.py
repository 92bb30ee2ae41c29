"""The ledger's hashes computed anew, without Lotkeeper, Django or the database: this file stands by itself.

Written from the description of the encoding, not from its code, so that a mistake in one shows in the other. Quantities
are whole thousandths, costs whole ten-thousandths (none: -1), instants microseconds and dates days since 2000-01-01.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

_BATCH, _LINE, _OPERATION = b"LK0", b"LK1", b"LK2"
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_NO_DATE = b"\x80\x00\x00\x00"
_NO_COST = -1


@dataclass(frozen=True, slots=True)
class BatchBirth:
    """What was written on a batch when it was made; later corrections are lines of the ledger."""

    tenant_id: int
    batch_id: int
    outlet_id: int
    variation_id: int
    batch_number: str
    expiry_date: dt.date | None
    unit_cost: Decimal | None
    received_at: dt.datetime


@dataclass(frozen=True, slots=True)
class OperationFacts:
    """Who did what, why and when."""

    tenant_id: int
    operation_id: int
    kind: str
    channel: str
    reference_id: str | None
    reason: str
    note: str
    fingerprint: bytes
    user_id: int
    token_id: int | None
    refers_to: int | None
    occurred_at: dt.datetime
    recorded_at: dt.datetime


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line, with the hashes that were stored with it."""

    tenant_id: int
    batch_id: int
    version: int
    operation_id: int
    operation_digest: bytes
    line: int
    kind: str
    quantity: Decimal
    balance_after: Decimal
    unit_cost: Decimal | None
    amendment: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    prev_hash: bytes
    hash: bytes


def genesis_hash(batch: BatchBirth) -> bytes:
    """What the chain of a batch starts from."""
    return _sha256(
        _BATCH,
        struct.pack(">4q", batch.tenant_id, batch.batch_id, batch.outlet_id, batch.variation_id),
        _NO_DATE if batch.expiry_date is None else struct.pack(">i", (batch.expiry_date - _EPOCH.date()).days),
        struct.pack(">2q", _cost(batch.unit_cost), _instant(batch.received_at)),
        batch.batch_number.encode(),
    )


def operation_digest(operation: OperationFacts) -> bytes:
    """What each line of an operation repeats of it."""
    texts = [operation.kind, operation.channel, operation.reference_id, operation.reason, operation.note]
    return _sha256(
        _OPERATION,
        struct.pack(">3q", operation.tenant_id, operation.operation_id, operation.user_id),
        struct.pack(">2q", operation.token_id or 0, operation.refers_to or 0),
        struct.pack(">2q", _instant(operation.occurred_at), _instant(operation.recorded_at)),
        _sha256(operation.fingerprint),
        json.dumps(texts, ensure_ascii=False).encode(),
    )


def line_hash(line: LedgerLine, prev_hash: bytes) -> bytes:
    """The hash of a line that follows ``prev_hash``."""
    kind = line.kind.encode()
    return _sha256(
        _LINE,
        prev_hash,
        struct.pack(">2qi", line.tenant_id, line.batch_id, line.version),
        line.operation_digest,
        struct.pack(">i3q", line.line, _whole(line.quantity, 3), _whole(line.balance_after, 3), _cost(line.unit_cost)),
        struct.pack(">2q", _instant(line.occurred_at), _instant(line.recorded_at)),
        struct.pack(">i", len(kind)),
        kind,
        line.amendment.encode(),
    )


def broken_links(batch: BatchBirth, lines: Iterable[LedgerLine], digests: Mapping[int, bytes]) -> Iterator[str]:
    """What does not hold in the chain of one batch, a sentence each; nothing when it is whole.

    Args:
        batch: the batch as it was made.
        lines: its lines, in order of version.
        digests: the digest of each operation by its id, computed by ``operation_digest``.
    """
    expected_hash, balance = genesis_hash(batch), Decimal(0)
    for number, line in enumerate(lines, 1):
        where = f"batch {batch.batch_id}, line {line.version}"
        balance += line.quantity
        if line.version != number:
            yield f"{where}: line {number} is missing"
        if line.balance_after != balance or balance < 0:
            yield f"{where}: the balance is {balance}, not {line.balance_after}"
        if line.prev_hash != expected_hash:
            yield f"{where}: does not follow the line before it"
        if line.operation_digest != digests.get(line.operation_id):
            yield f"{where}: its operation {line.operation_id} says something else"
        expected_hash = line_hash(line, line.prev_hash)
        if line.hash != expected_hash:
            yield f"{where}: says something else than its hash"


def _sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _whole(value: Decimal, decimals: int) -> int:
    scaled = value.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        message = f"{value} has more than {decimals} decimals"
        raise ValueError(message)
    return int(scaled)


def _cost(value: Decimal | None) -> int:
    return _NO_COST if value is None else _whole(value, 4)


def _instant(value: dt.datetime) -> int:
    return (value - _EPOCH) // dt.timedelta(microseconds=1)
