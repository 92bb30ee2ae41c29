"""Not mentioned, which is something else than empty: for operations that change some of several details."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal, TypeAlias, TypeVar


class Unset(Enum):
    """Not mentioned."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET

T = TypeVar("T")
Change: TypeAlias = T | Literal[Unset.UNSET]
