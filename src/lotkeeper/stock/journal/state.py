"""What a journal holds so far, as much of it as the next export and a comparison need."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from lotkeeper.stock import verifier


class Head(NamedTuple):
    """The last line of a batch that was exported; version 0 and the genesis when there is none."""

    version: int
    hash: bytes


@dataclass(slots=True)
class JournalState:
    """Grows with batches, promises and names, not with lines."""

    #: Where the records that are vouched for end, and the hash of the checkpoint that vouches for them.
    offset: int = 0
    previous: bytes = b""
    checkpoints: int = 0
    operations: int = 0
    lines: int = 0
    counts: int = 0
    heads: dict[int, Head] = field(default_factory=dict)
    #: Operations that wrote no line, with their digests: no batch's head tells of them.
    lineless: dict[int, bytes] = field(default_factory=dict)
    open_reservations: set[int] = field(default_factory=set)
    #: By table and id, a hash of what was last told of it.
    rows: dict[tuple[str, int], str] = field(default_factory=dict)

    def root(self) -> bytes:
        """The hash over all heads that a checkpoint signs."""
        heads = ((batch_id, *head) for batch_id, head in sorted(self.heads.items()))
        return verifier.heads_root(heads, sorted(self.lineless.items()))

    def note(self, kind: str, number: int, version: int, hashed: bytes) -> None:
        """Take in a record of the ledger."""
        if kind == "line":
            self.lines += 1
            if version > self.heads[number].version:
                self.heads[number] = Head(version, hashed)
        elif kind == "operation":
            self.operations += 1
            if version == 0:
                self.lineless[number] = hashed
        elif kind == "batch":
            self.heads[number] = Head(0, hashed)
        elif kind == "count":
            self.counts += 1
        elif kind == "reservation":
            self.open_reservations.add(number)
        elif kind == "closed":
            self.open_reservations.discard(number)
        else:
            message = f"there are no records called {kind}"
            raise ValueError(message)

    def note_row(self, table: str, number: int, raw: bytes, *, gone: bool) -> None:
        """Take in what was told of a product, a person or the like."""
        if gone:
            self.rows.pop((table, number), None)
        else:
            self.rows[table, number] = row_hash(raw)

    def take(self, record: dict[str, Any], raw: bytes) -> None:
        """Take in a record as it is read back from a journal."""
        kind = record["record"]
        if kind == "row":
            self.note_row(record["table"], record["id"], raw, gone=record["row"] is None)
        elif kind == "line":
            self.note(kind, record["batch"], record["version"], bytes.fromhex(record["hash"]))
        elif kind == "operation":
            self.note(kind, record["operation"], record["line_count"], bytes.fromhex(record["digest"]))
        elif kind == "batch":
            self.note(kind, record["batch"], 0, bytes.fromhex(record["genesis"]))
        elif kind == "closed":
            self.note(kind, record["reservation"], 0, b"")
        else:
            self.note(kind, record[kind], 0, b"")

    def written(self) -> Iterator[bytes]:
        """The state as lines of a file."""
        first = {name: getattr(self, name) for name in ("offset", "checkpoints", "operations", "lines", "counts")}
        yield _line({**first, "previous": self.previous.hex()})
        yield _line(sorted(self.open_reservations))
        yield from (_line(["head", number, head.version, head.hash.hex()]) for number, head in self.heads.items())
        yield from (_line(["lineless", number, digest.hex()]) for number, digest in self.lineless.items())
        yield from (_line(["row", table, number, hashed]) for (table, number), hashed in self.rows.items())

    @classmethod
    def read(cls, lines: Iterator[bytes]) -> Self:
        """The state that was written to a file.

        Raises:
            ValueError, KeyError, TypeError, StopIteration: it is not whole.
        """
        first = json.loads(next(lines))
        state = cls(**{**first, "previous": bytes.fromhex(first["previous"])})
        state.open_reservations = set(json.loads(next(lines)))
        for line in lines:
            match json.loads(line):
                case ["head", number, version, hashed]:
                    state.heads[number] = Head(version, bytes.fromhex(hashed))
                case ["lineless", number, digest]:
                    state.lineless[number] = bytes.fromhex(digest)
                case ["row", table, number, hashed]:
                    state.rows[table, number] = hashed
                case other:
                    message = f"not a part of a state: {other}"
                    raise ValueError(message)
        return state


def row_hash(raw: bytes) -> str:
    """What tells whether a row changed since it was last told."""
    return hashlib.sha256(raw).hexdigest()[:32]


def _line(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"
