"""What is known around a line whose shelf and book differ. Quantities are in the base unit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from lotkeeper.stock.policies import MovementKind


@dataclass(frozen=True, slots=True)
class OtherLine:
    """Another counted line of the variation in the same stock take that differs too."""

    item_id: int
    batch_id: int | None
    batch_number: str
    variance: Decimal


@dataclass(frozen=True, slots=True)
class Uncounted:
    """Another batch of the variation at the outlet that was not counted, and what was booked as sold from it."""

    batch_id: int
    batch_number: str
    sold: Decimal


@dataclass(frozen=True, slots=True)
class Boxed:
    """A pack of the variation: so many pieces in one."""

    name: str
    factor: int


@dataclass(frozen=True, slots=True)
class Moved:
    """A ledger line that brought or corrected stock, and was not reversed.

    ``own``: it is of the very batch, and not of another with the same number. ``settled``: a count that was posted
    since has looked at it.
    """

    operation_id: int
    kind: MovementKind
    quantity: Decimal
    occurred_at: dt.datetime
    own: bool
    settled: bool = False


@dataclass(frozen=True, slots=True)
class InTransit:
    """Goods of the variation that were sent here and that nobody has confirmed."""

    transfer_id: int
    batch_number: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Facts:
    """A counted line that differs from the book of its moment, and what is known around it.

    ``entered_late`` was entered after the counting and dated before it; ``moved_between`` moved between the counts of
    two places; ``apart`` is how far two counts of the same place are from each other, sales between them allowed for.
    ``sold`` was booked as sold from the batch between its last posted count and this one, as far as one looks back.
    """

    batch_number: str
    counted: Decimal
    book: Decimal
    counted_at: dt.datetime
    zone: ZoneInfo
    decimals: int = 0
    entered_late: Decimal = Decimal(0)
    moved_between: Decimal = Decimal(0)
    apart: Decimal = Decimal(0)
    sold: Decimal = Decimal(0)
    others: Sequence[OtherLine] = ()
    uncounted: Sequence[Uncounted] = ()
    packs: Sequence[Boxed] = ()
    moved: Sequence[Moved] = ()
    in_transit: Sequence[InTransit] = ()

    @property
    def variance(self) -> Decimal:
        """What was counted less the book: negative when the shelf is short."""
        return self.counted - self.book
