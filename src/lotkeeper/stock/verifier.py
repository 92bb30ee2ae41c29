"""The ledger's hashes computed anew, without Lotkeeper, Django or the database: this file stands by itself.

    python verifier.py tenant-1.jsonl --public-key public-key.pem

verifies a journal. Python alone is enough; signatures are checked where the package ``cryptography`` is installed.

Written from the description of the encoding, not from its code, so that a mistake in one shows in the other. Quantities
are whole thousandths, costs whole ten-thousandths (none: -1), instants microseconds and dates days since 2000-01-01.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

#: The form of the journals this file reads.
JOURNAL_FORMAT = 1
#: How many findings are told; all are counted.
FINDINGS_TOLD = 1000

_BATCH, _LINE, _OPERATION, _HEADS = b"LK0", b"LK1", b"LK2", b"LK3"
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


def heads_root(heads: Iterable[tuple[int, int, bytes]], lineless: Iterable[tuple[int, bytes]]) -> bytes:
    """One hash over all that a journal holds: what a checkpoint signs.

    Args:
        heads: batch, version and hash of each batch's last line (its genesis when it has none), by batch.
        lineless: each operation without ledger lines, such as a promise, with its digest, by operation.
    """
    root = hashlib.sha256(_HEADS)
    for batch_id, version, head in heads:
        root.update(struct.pack(">qi", batch_id, version) + head)
    # No batch has this number: what follows are operations.
    root.update(struct.pack(">q", -1))
    for operation_id, digest in lineless:
        root.update(struct.pack(">q", operation_id) + digest)
    return root.digest()


def checkpoint_line(body: Mapping[str, Any]) -> bytes:
    """A checkpoint as it is written; without its signature, as it is signed."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


@dataclass(slots=True)
class JournalReport:
    """What came of verifying a journal."""

    operations: int = 0
    lines: int = 0
    counts: int = 0
    checkpoints: int = 0
    last_checkpoint_at: str | None = None
    #: Whether signatures could be checked: not without a key, nor without the package ``cryptography``.
    signatures_checked: bool = False
    found: int = 0
    #: The first of what does not hold, a sentence each.
    findings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return self.found == 0

    def note(self, finding: str) -> None:
        """Count something that does not hold, and keep it while there are few."""
        self.found += 1
        if self.found <= FINDINGS_TOLD:
            self.findings.append(finding)


def verify_journal(path: Path, public_key: bytes | None = None) -> JournalReport:
    """Compute every hash of a journal anew, and check the signatures of its checkpoints.

    Takes memory by the number of batches and of operations without lines, not of lines.

    Args:
        path: the journal.
        public_key: the key (PEM) that its checkpoints must be signed with.
    """
    signed = _signature_check(public_key)
    report = JournalReport(signatures_checked=signed is not None)
    walk = _Walk(report, signed)
    with path.open("rb") as journal:
        for number, raw in enumerate(journal, 1):
            if not raw.endswith(b"\n"):
                report.note(f"record {number}: the journal ends in the middle of it; export once more")
                break
            try:
                walk.take(raw)
            except (KeyError, ValueError, TypeError, AttributeError, struct.error, OverflowError, ArithmeticError):
                report.note(f"record {number}: cannot be read")
                walk.read_on(raw)
    walk.end()
    return report


@dataclass(slots=True)
class _Chain:
    """How far a batch's lines have been followed."""

    version: int
    hash: bytes
    balance: Decimal
    #: Lines that came before the one they follow: operations stand by number, not by when they got their turn.
    waiting: dict[int, LedgerLine] = field(default_factory=dict)


class _Walk:
    """Goes through a journal record by record and holds each against what it should be."""

    def __init__(self, report: JournalReport, signed: Callable[[bytes, bytes], bool] | None) -> None:
        self._report = report
        self._signed = signed
        self._begun = False
        self._tenant = 0
        self._chains: dict[int, _Chain] = {}
        self._waiting: set[int] = set()
        self._lineless: dict[int, bytes] = {}
        self._operation = (0, b"")
        self._lines_to_come = 0
        self._previous = b""
        self._heads = ""
        self._segment = hashlib.sha256()
        self._after_checkpoint = 0
        self._takers: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "row": lambda _: None,
            "batch": self._batch,
            "operation": self._take_operation,
            "line": self._line,
            "count": self._count,
            "reservation": self._belongs,
            "closed": lambda _: None,
        }

    def take(self, raw: bytes) -> None:
        """Hold one record against what came before it."""
        record = json.loads(raw)
        if record["record"] == "journal":
            self._begin(record, raw)
        elif record["record"] == "checkpoint":
            self._checkpoint(record, raw)
        else:
            self._takers[record["record"]](record)
            self.read_on(raw)

    def read_on(self, raw: bytes) -> None:
        """Count a record, read or not, into what the next checkpoint vouches for."""
        self._segment.update(raw)
        self._after_checkpoint += 1

    def end(self) -> None:
        """Say what is missing at the end."""
        if not self._begun:
            self._report.note("this is no journal: it does not begin like one")
        if not self._report.checkpoints:
            self._report.note("the journal has no checkpoint")
        elif self._after_checkpoint:
            self._report.note(f"{self._after_checkpoint} records after the last checkpoint; export once more")
        # Of the last one only: going through all batches at each of a year's checkpoints would take days, and those
        # before it are held by the hash of their records and by the next.
        elif self._heads != self._root().hex():
            self._report.note("the last checkpoint: its heads are not those of the records before it")

    def _root(self) -> bytes:
        heads = ((batch_id, chain.version, chain.hash) for batch_id, chain in sorted(self._chains.items()))
        return heads_root(heads, sorted(self._lineless.items()))

    def _begin(self, record: Mapping[str, Any], raw: bytes) -> None:
        if record["format"] != JOURNAL_FORMAT:
            self._report.note(f"the journal has the form {record['format']}; this verifier reads {JOURNAL_FORMAT}")
        if self._begun:
            self._report.note("a second journal begins inside this one")
        self._begun = True
        self._tenant = record["tenant"]
        self._previous = _sha256(raw)

    def _batch(self, record: Mapping[str, Any]) -> None:
        expiry, cost = record["expiry"], record["cost"]
        birth = BatchBirth(
            tenant_id=self._tenant,
            batch_id=record["batch"],
            outlet_id=record["outlet"],
            variation_id=record["variation"],
            batch_number=record["number"],
            expiry_date=None if expiry is None else dt.date.fromisoformat(expiry),
            unit_cost=None if cost is None else Decimal(cost),
            received_at=dt.datetime.fromisoformat(record["received_at"]),
        )
        if birth.batch_id in self._chains:
            self._report.note(f"batch {birth.batch_id}: begins twice")
        if record["genesis"] != genesis_hash(birth).hex():
            self._report.note(f"batch {birth.batch_id}: was not born as it says")
        self._chains[birth.batch_id] = _Chain(0, bytes.fromhex(record["genesis"]), Decimal(0))

    def _take_operation(self, record: Mapping[str, Any]) -> None:
        self._whole_operation()
        facts = OperationFacts(
            tenant_id=self._tenant,
            operation_id=record["operation"],
            kind=record["kind"],
            channel=record["channel"],
            reference_id=record["reference"],
            reason=record["reason"],
            note=record["note"],
            fingerprint=bytes.fromhex(record["fingerprint"]),
            user_id=record["user"],
            token_id=record["token"],
            refers_to=record["refers_to"],
            occurred_at=dt.datetime.fromisoformat(record["occurred_at"]),
            recorded_at=dt.datetime.fromisoformat(record["recorded_at"]),
        )
        digest = operation_digest(facts)
        if record["digest"] != digest.hex():
            self._report.note(f"operation {facts.operation_id}: says something else than its digest")
        self._operation = (facts.operation_id, digest)
        self._lines_to_come = record["line_count"]
        self._report.operations += 1
        if record["line_count"] == 0:
            self._lineless[facts.operation_id] = digest

    def _line(self, record: Mapping[str, Any]) -> None:
        self._belongs(record)
        self._lines_to_come -= 1
        self._report.lines += 1
        cost = record["cost"]
        line = LedgerLine(
            tenant_id=self._tenant,
            batch_id=record["batch"],
            version=record["version"],
            operation_id=record["operation"],
            operation_digest=self._operation[1],
            line=record["line"],
            kind=record["kind"],
            quantity=Decimal(record["quantity"]),
            balance_after=Decimal(record["balance"]),
            unit_cost=None if cost is None else Decimal(cost),
            amendment=record["amendment"],
            occurred_at=dt.datetime.fromisoformat(record["occurred_at"]),
            recorded_at=dt.datetime.fromisoformat(record["recorded_at"]),
            prev_hash=b"",
            hash=bytes.fromhex(record["hash"]),
        )
        chain = self._chains[line.batch_id]
        if line.version <= chain.version or line.version in chain.waiting:
            self._report.note(f"batch {line.batch_id}, line {line.version}: stands there twice")
            return
        chain.waiting[line.version] = line
        while following := chain.waiting.pop(chain.version + 1, None):
            self._follow(chain, following)
        if chain.waiting:
            self._waiting.add(line.batch_id)

    def _follow(self, chain: _Chain, line: LedgerLine) -> None:
        where = f"batch {line.batch_id}, line {line.version}"
        chain.balance += line.quantity
        if line.balance_after != chain.balance or chain.balance < 0:
            self._report.note(f"{where}: the balance is {chain.balance}, not {line.balance_after}")
            chain.balance = line.balance_after
        if line_hash(line, chain.hash) != line.hash:
            self._report.note(f"{where}: says something else than its hash, or does not follow the line before it")
        chain.version, chain.hash = line.version, line.hash

    def _count(self, record: Mapping[str, Any]) -> None:
        self._belongs(record)
        self._report.counts += 1

    def _belongs(self, record: Mapping[str, Any]) -> None:
        if record["operation"] != self._operation[0]:
            self._report.note(f"a {record['record']} of operation {record['operation']} stands with another")

    def _whole_operation(self) -> None:
        if self._lines_to_come:
            self._report.note(f"operation {self._operation[0]}: {self._lines_to_come:+d} lines are missing")
        self._lines_to_come = 0

    def _checkpoint(self, record: Mapping[str, Any], raw: bytes) -> None:
        self._whole_operation()
        where = f"checkpoint {record['number']}"
        for batch_id in self._waiting:
            for version in sorted(self._chains[batch_id].waiting):
                self._report.note(f"batch {batch_id}, line {version}: the line before it is missing")
        self._waiting = {batch_id for batch_id in self._waiting if self._chains[batch_id].waiting}
        self._report.checkpoints += 1
        body = {name: value for name, value in record.items() if name != "signature"}
        holds = {
            "number": self._report.checkpoints,
            "tenant": self._tenant,
            "batches": len(self._chains),
            "operations": self._report.operations,
            "lines": self._report.lines,
            "counts": self._report.counts,
            "previous": self._previous.hex(),
            "records": self._segment.hexdigest(),
        }
        for name, value in holds.items():
            if body[name] != value:
                self._report.note(f"{where}: its {name} should be {value}")
        if raw != checkpoint_line(record) + b"\n":
            self._report.note(f"{where}: is not written as checkpoints are")
        if self._signed is not None and not self._signed(bytes.fromhex(record["signature"]), checkpoint_line(body)):
            self._report.note(f"{where}: is not signed with this key")
        self._previous = _sha256(raw)
        self._segment = hashlib.sha256()
        self._after_checkpoint = 0
        self._report.last_checkpoint_at = record["at"]
        self._heads = body["heads"]


def is_signed(checkpoint: Mapping[str, Any], public_key: bytes) -> bool:
    """Whether a checkpoint carries the signature of a key (PEM); needs the package ``cryptography``."""
    signed = _signature_check(public_key)
    body = {name: value for name, value in checkpoint.items() if name != "signature"}
    return signed is not None and signed(bytes.fromhex(checkpoint["signature"]), checkpoint_line(body))


def _signature_check(public_key: bytes | None) -> Callable[[bytes, bytes], bool] | None:
    if public_key is None:
        return None
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError:
        return None
    key = load_pem_public_key(public_key)
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError("the key is not an Ed25519 key")

    def signed(signature: bytes, text: bytes) -> bool:
        try:
            key.verify(signature, text)
        except InvalidSignature:
            return False
        return True

    return signed


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Verify the journals named on the command line; 0 when all hold."""
    parser = argparse.ArgumentParser("verifier.py", description="Verify journals of Lotkeeper, without Lotkeeper.")
    parser.add_argument("journals", nargs="+", type=Path, metavar="JOURNAL")
    parser.add_argument("--public-key", type=Path, metavar="FILE", help="the key that checkpoints must be signed with")
    options = parser.parse_args(arguments)
    public_key = options.public_key.read_bytes() if options.public_key else None
    reports = [(path, verify_journal(path, public_key)) for path in options.journals]
    for path, report in reports:
        sys.stdout.writelines(f"{path}: {sentence}\n" for sentence in told(report))
    return 0 if all(report.ok for _, report in reports) else 1


def told(report: JournalReport) -> Iterator[str]:
    """What came of verifying a journal, in sentences."""
    yield from report.findings
    if report.found > len(report.findings):
        yield f"... {report.found:,} findings in all"
    yield (
        f"{report.operations:,} operations, {report.lines:,} lines and {report.counts:,} counts under "
        f"{report.checkpoints:,} checkpoints, the last of {report.last_checkpoint_at}"
    )
    yield (
        "signatures checked"
        if report.signatures_checked
        else ("SIGNATURES NOT CHECKED: that takes --public-key and the Python package cryptography")
    )
    yield "everything holds" if report.ok else "DOES NOT HOLD"


if __name__ == "__main__":
    sys.exit(main())
