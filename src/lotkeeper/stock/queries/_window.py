"""A stretch of an ordered list, told without HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Window(NamedTuple):
    """Where to begin reading, and how many rows.

    ``after`` is the key of the row before the first one wanted (None: from the very start); read backwards, the rows
    before it are wanted, nearest first.
    """

    after: Sequence[str | int] | None
    limit: int
    backwards: bool = False
