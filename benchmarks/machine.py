"""What a run costs: processor time and memory of the processes concerned, read from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def descendants(root: int) -> set[int]:
    """The process and all that came from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    found = {root}
    while True:
        more = {child for child, parent in parents.items() if parent in found} - found
        if not more:
            return found
        found |= more


def processor_seconds(root: int) -> float:
    """Processor time of a process and its descendants, those that ended included."""
    total = 0
    for pid in descendants(root):
        fields = _stat(pid)
        if fields:
            own = int(fields[11]) + int(fields[12])
            ended = int(fields[13]) + int(fields[14])
            total += own + ended
    return total / _TICK


def resident_megabytes(pids: Iterable[int]) -> float:
    """Memory in use by processes, what they share counted once (PSS)."""
    kilobytes = 0
    for pid in pids:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        kilobytes += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1024


def private_megabytes(pid: int) -> float:
    """Memory in use by one process that it shares with nobody."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_")) / 1024


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()
