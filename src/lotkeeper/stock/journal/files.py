"""A journal as a file: opened by one at a time, mended after an interruption, and only ever added to.

Beside it lies its state as of the last checkpoint, so that an export need not read the journal. It is a copy of what
the journal says: when it is missing or does not fit the checkpoint, it is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lotkeeper.stock import verifier
from lotkeeper.stock.journal.places import JournalPlace, sync_folder, write_whole
from lotkeeper.stock.journal.state import JournalState

_CHECKPOINT_MARK = b'"record":"checkpoint"'
#: What a checkpoint takes at most; it is found by looking back this far from where it ends.
_CHECKPOINT_BYTES = 4096


class JournalRefused(RuntimeError):
    """Something was not done with a journal; the message says what and why."""


class JournalDamaged(JournalRefused):
    """A journal is not what was written; nothing may be added to it."""


class JournalFile:
    """A business's journal, open and locked."""

    def __init__(self, file: IO[bytes], path: Path, tenant_id: int) -> None:
        self._file = file
        self._path = path
        self._tenant_id = tenant_id
        self._segment = hashlib.sha256()
        self.state = self._current_state()
        #: The checkpoint that the state as it was found stands for; empty when there is none.
        self.last_checkpoint: Mapping[str, Any] = json.loads(self._line_before(self.state.offset) or b"{}")

    def mend(self) -> None:
        """Cut off what an interrupted export left behind: no checkpoint vouches for it, and it is exported again."""
        self._file.truncate(self.state.offset)
        self._file.seek(self.state.offset)
        if not self.state.previous:
            header = {"format": verifier.JOURNAL_FORMAT, "record": "journal", "tenant": self._tenant_id}
            raw = verifier.checkpoint_line(header) + b"\n"
            self._file.write(raw)
            self.state.previous = hashlib.sha256(raw).digest()

    def add(self, raw: bytes) -> None:
        """Add one record."""
        self._segment.update(raw)
        self._file.write(raw)

    def add_checkpoint(self, key: Ed25519PrivateKey, at: str) -> None:
        """Vouch for everything up to here; returns once it would outlive a power cut."""
        # What is signed must be there before the signature is.
        self._sync()
        state = self.state
        body = {
            "record": "checkpoint",
            "number": state.checkpoints + 1,
            "at": at,
            "tenant": self._tenant_id,
            "batches": len(state.heads),
            "operations": state.operations,
            "lines": state.lines,
            "counts": state.counts,
            "heads": state.root().hex(),
            "records": self._segment.hexdigest(),
            "previous": state.previous.hex(),
        }
        signature = key.sign(verifier.checkpoint_line(body)).hex()
        raw = verifier.checkpoint_line({**body, "signature": signature}) + b"\n"
        self._file.write(raw)
        self._sync()
        sync_folder(self._path.parent)
        state.offset, state.previous = self._file.tell(), hashlib.sha256(raw).digest()
        state.checkpoints += 1
        write_whole(_state_path(self._path), b"".join(state.written()))

    def records(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Every record that is vouched for, checkpoints left out."""
        self._file.seek(0)
        left = self.state.offset
        for raw in self._file:
            if left <= 0:
                return
            left -= len(raw)
            record = json.loads(raw)
            if record["record"] not in {"journal", "checkpoint"}:
                yield record, raw

    def _current_state(self) -> JournalState:
        saved = self._saved_state()
        raw = self._line_before(saved.offset) if saved else b""
        state = saved if saved and _fits(saved, raw) else JournalState()
        self._replay(state)
        if saved and state.checkpoints < saved.checkpoints:
            message = (
                f"{self._path} had {saved.checkpoints} checkpoints and has {state.checkpoints}: "
                "it was cut off or changed. Put back a copy of it; nothing was exported."
            )
            raise JournalDamaged(message)
        return state

    def _replay(self, state: JournalState) -> None:
        """Bring a state up to the journal's last checkpoint; what comes after it counts for nothing."""
        segment, offset, end = hashlib.sha256(), state.offset, self._end_of_last_checkpoint(state.offset)
        self._file.seek(offset)
        while offset < end:
            raw = self._file.readline()
            offset += len(raw)
            try:
                record = json.loads(raw)
                if record["record"] == "checkpoint":
                    _check(state, record, segment.hexdigest())
                    state.checkpoints, state.offset = record["number"], offset
                    segment = hashlib.sha256()
                elif record["record"] != "journal":
                    segment.update(raw)
                    state.take(record, raw)
                    continue
                state.previous = hashlib.sha256(raw).digest()
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                message = f"{self._path} was changed: {error}. Put back a copy of it; nothing was exported."
                raise JournalDamaged(message) from error

    def _end_of_last_checkpoint(self, offset: int) -> int:
        end = offset
        self._file.seek(offset)
        for raw in self._file:
            offset += len(raw)
            # Inside a text the marks of the quotation would be escaped.
            if _CHECKPOINT_MARK in raw and raw.endswith(b"\n"):
                end = offset
        return end

    def _saved_state(self) -> JournalState | None:
        try:
            with _state_path(self._path).open("rb") as file:
                return JournalState.read(iter(file))
        except (FileNotFoundError, ValueError, KeyError, TypeError, StopIteration):
            return None

    def _line_before(self, offset: int) -> bytes:
        start = max(0, offset - _CHECKPOINT_BYTES)
        self._file.seek(start)
        lines = self._file.read(offset - start).splitlines(keepends=True)
        return lines[-1] if lines and _CHECKPOINT_MARK in lines[-1] else b""

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def open_to_add(place: JournalPlace, tenant_id: int) -> Iterator[JournalFile]:
    """A journal to add to; whoever comes second waits.

    Raises:
        JournalDamaged: it is not what was written.
    """
    path = place.journal(tenant_id)
    place.make()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        journal = JournalFile(file, path, tenant_id)
        journal.mend()
        yield journal


@contextmanager
def open_to_read(place: JournalPlace, tenant_id: int) -> Iterator[JournalFile]:
    """A journal to read, while nobody adds to it.

    Raises:
        JournalDamaged: it is not what was written.
    """
    path = place.journal(tenant_id)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield JournalFile(file, path, tenant_id)


def _check(state: JournalState, checkpoint: Mapping[str, Any], segment: str) -> None:
    holds = {"records": segment, "previous": state.previous.hex(), "lines": state.lines, "operations": state.operations}
    if any(checkpoint[name] != value for name, value in holds.items()):
        message = f"checkpoint {checkpoint['number']} stands for other records"
        raise ValueError(message)


def _fits(state: JournalState, checkpoint: bytes) -> bool:
    if hashlib.sha256(checkpoint).digest() != state.previous:
        return False
    try:
        told = json.loads(checkpoint)
        counted = all(told[name] == getattr(state, name) for name in ("operations", "lines", "counts"))
        return counted and told["heads"] == state.root().hex()
    except (ValueError, KeyError, TypeError, struct.error):
        return False


def _state_path(journal: Path) -> Path:
    return journal.with_suffix(".state")
