"""Charts as geometry: the server draws them, and the browser shows lines and columns without a script. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_STEPS: Final = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_GRID_LINES: Final = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """One value of a chart."""

    value: Decimal
    #: Below the column; empty to leave it out.
    label: str
    #: What is said of it when it is pointed at.
    title: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A bar in its place, in the chart's own units."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    title: str
    tone: str


@dataclass(frozen=True, slots=True)
class GridLine:
    """A line of the scale."""

    y: float
    text_y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Columns over a scale."""

    width: int
    height: int
    left: int
    axis_x: int
    label_y: int
    lines: Sequence[GridLine]
    columns: Sequence[Column]


def column_chart(bars: Sequence[Bar], scale: Callable[[Decimal], str], *, width: int = 640, height: int = 210) -> Chart:
    """A column for each value, over a scale of round numbers.

    Args:
        bars: the values, none negative.
        scale: how a number of the scale is written.
        width: of the drawing.
        height: of the drawing.
    """
    left, top, bottom = 52, 10, height - 26
    highest = max((bar.value for bar in bars), default=Decimal(0))
    step = _round_step(highest)
    ceiling = step * _GRID_LINES
    depth = bottom - top
    lines = [
        GridLine(
            round(bottom - depth * number / _GRID_LINES, 1),
            round(bottom - depth * number / _GRID_LINES + 4, 1),
            scale(step * number),
        )
        for number in range(_GRID_LINES + 1)
    ]
    room = (width - left) / max(len(bars), 1)
    wide = round(room * 0.66, 1)
    columns = []
    for number, bar in enumerate(bars):
        x = left + room * number + (room - wide) / 2
        # What is there at all can be seen.
        tall = max(float(bar.value / ceiling) * depth, 1.5) if bar.value else 0.0
        columns.append(
            Column(
                round(x, 1),
                round(bottom - tall, 1),
                wide,
                round(tall, 1),
                round(x + wide / 2, 1),
                bar.label,
                bar.title,
                bar.tone,
            )
        )
    return Chart(width, height, left, left - 8, height - 6, lines, columns)


def sparkline(values: Sequence[Decimal], *, width: int = 100, height: int = 30) -> str:
    """The points of a small line without a scale."""
    highest = max(values, default=Decimal(0)) or Decimal(1)
    across = width / max(len(values) - 1, 1)
    return " ".join(
        f"{round(across * number, 2)},{round(height - 2 - float(value / highest) * (height - 4), 2)}"
        for number, value in enumerate(values)
    )


def _round_step(highest: Decimal) -> Decimal:
    """The smallest round number of which four reach over the highest value."""
    if highest <= 0:
        return Decimal(1)
    wanted = highest / _GRID_LINES
    power = Decimal(10) ** wanted.adjusted()
    return next(power * step for step in _STEPS if power * step >= wanted)
