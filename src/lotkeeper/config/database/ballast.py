"""A file that only takes up room, to be given up when the disk is full.

PostgreSQL stops altogether when it cannot write. The ballast is what lets it start again, so that stock can still be
read and something can be cleared away.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

BALLAST_BYTES = 64 * 1024 * 1024
# A disk with less than this free gets no ballast: it would only bring the trouble nearer.
AMPLE_BYTES = 1024 * 1024 * 1024


def keep_ballast(directory: Path) -> None:
    """Lay the ballast down while there is ample room, and give it up when there is none."""
    ballast = directory / "ballast"
    free = shutil.disk_usage(directory).free
    if ballast.exists():
        if free < BALLAST_BYTES:
            ballast.unlink()
    elif free > AMPLE_BYTES and hasattr(os, "posix_fallocate"):
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
