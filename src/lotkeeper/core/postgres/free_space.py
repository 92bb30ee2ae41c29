"""Room on the database's disk: with too little of it nothing is posted, and reading goes on.

PostgreSQL stops altogether when it cannot write its log; then nothing can be read either.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from lotkeeper.core.errors import DiskFull

#: A busy server writes some tens of megabytes meanwhile; the limit leaves room for several times as much.
_LOOK_SECONDS: Final = 1.0
_MEGABYTE: Final = 1024 * 1024


@dataclass(slots=True)
class _Disk:
    """What was seen of the disk when it was last looked at."""

    shortage: tuple[int, int] | None = None
    look_again_at: float = 0.0


_disk = _Disk()


def require_free_space() -> None:
    """Let a posting pass while the disk has room for it; asks the disk at most once a second, and no foreign one.

    Raises:
        DiskFull: with what is free and what is needed.
    """
    if time.monotonic() >= _disk.look_again_at:
        _disk.shortage = _shortage()
        _disk.look_again_at = time.monotonic() + _LOOK_SECONDS
    if _disk.shortage is not None:
        free, needed = _disk.shortage
        raise DiskFull(free_megabytes=free, needed_megabytes=needed)


def _shortage() -> tuple[int, int] | None:
    """What is free and what is needed, in megabytes, if the second is more."""
    if settings.DATABASE_DIRECTORY is None:
        return None
    disk = os.statvfs(settings.DATABASE_DIRECTORY)
    free, needed = disk.f_bavail * disk.f_frsize // _MEGABYTE, settings.LEAST_FREE_MB
    return (free, needed) if free < needed else None
