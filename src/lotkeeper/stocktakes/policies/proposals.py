"""What to count next: where the book is likely to be wrong, and what that would cost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

#: Units of difference for a ledger line, where nothing was ever counted: one unit in a hundred lines.
USUAL_RATE: Final = Decimal("0.01")
#: How many ledger lines of its own a rate needs to weigh as much as what is usual.
LINES_OF_DOUBT: Final = 100
#: The share of stock that is lost in a day without any line, to breakage and theft: 1 % in 100 days.
LOST_IN_A_DAY: Final = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class History:
    """What past counts found: the units by which shelf and book differed, signs left off, over so many ledger lines."""

    differing: Decimal = Decimal(0)
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A variation's stock at an outlet since it was last counted.

    Args:
        lines: ledger lines written since its batches were last counted, or ever.
        unit_days: on hand, each unit times the days since its batch was last counted, or came.
        unit_cost: the money that one unit costs.
    """

    lines: int
    unit_days: Decimal
    unit_cost: Decimal


def rate_of(history: History, usual: Decimal = USUAL_RATE) -> Decimal:
    """Units of difference to expect for a ledger line, from what past counts found.

    Units a line = (units found differing + usual rate times 100 lines) / (lines counted over + 100 lines). So little
    history says little: a variation is thought as good as its outlet, an outlet as good as any, until lines say more.
    """
    return (history.differing + usual * LINES_OF_DOUBT) / (history.lines + LINES_OF_DOUBT)


def expected_error(standing: Standing, rate: Decimal) -> Decimal:
    """The money by which shelf and book are expected to differ, sign left off.

    (lines times rate + unit days times loss in a day) times unit cost:

    * lines times rate (units): every sale, receipt or correction since the last count is a chance to book it wrong;
    * unit days times loss in a day (units): what only stands there gets broken or stolen too, in proportion to how much
      there is and for how long nobody has looked;
    * unit cost (money for a unit): an error of a dear thing is found first.
    """
    return (standing.lines * rate + standing.unit_days * LOST_IN_A_DAY) * standing.unit_cost
