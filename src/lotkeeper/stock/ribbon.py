"""The FEFO ribbon: a variation's batches as one bar, the first to go first, as wide as there is of each. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from lotkeeper.stock.policies import BatchStatus
from lotkeeper.stock.queries import SOON_DAYS, BatchView

#: The bar is so long, and the smallest batch can still be seen. Between two batches the style draws a line.
LENGTH: Final = 200.0
_NARROWEST: Final = 2.0
#: More than these cannot be told apart on a bar; those that go last are left out.
_MOST_SEGMENTS: Final = 24
MID_DAYS: Final = 90


class TimeLeft(StrEnum):
    """How long a batch may still be sold."""

    NONE = "none"
    SHORT = "short"
    MID = "mid"
    LONG = "long"
    UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Segment:
    """One batch on the bar; ``stays`` is the part of it that would not be taken."""

    x: float
    width: float
    time_left: TimeLeft
    is_kept: bool
    view: BatchView
    stays_x: float
    stays_width: float


def time_left(view: BatchView) -> TimeLeft:
    """How long a batch may still be sold, as a state that a colour and a word stand for."""
    if view.is_expired:
        return TimeLeft.NONE
    if view.days_left is None:
        return TimeLeft.UNDATED
    if view.days_left <= SOON_DAYS:
        return TimeLeft.SHORT
    return TimeLeft.MID if view.days_left <= MID_DAYS else TimeLeft.LONG


def ribbon(views: Sequence[BatchView], taken: Mapping[int, Decimal] | None = None) -> Sequence[Segment]:
    """The bar of some batches, in their order.

    Args:
        views: the batches in stock.
        taken: how much of each would go; None when nothing is about to go.
    """
    shown = views[:_MOST_SEGMENTS]
    total = sum((view.batch.quantity for view in shown), Decimal(0))
    if not total:
        return []
    wanted = [max(float(view.batch.quantity / total) * LENGTH, _NARROWEST) for view in shown]
    scale = LENGTH / sum(wanted)
    segments: list[Segment] = []
    x = 0.0
    for view, width in zip(shown, wanted, strict=True):
        wide = round(width * scale, 2)
        goes = 1.0 if taken is None else float(taken.get(view.batch.pk, Decimal(0)) / view.batch.quantity)
        gone = round(wide * min(goes, 1.0), 2)
        kept = view.batch.status != BatchStatus.AVAILABLE
        segments.append(
            Segment(round(x, 2), wide, time_left(view), kept, view, round(x + gone, 2), round(wide - gone, 2))
        )
        x += wide
    return segments
