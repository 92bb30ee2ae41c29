"""What may explain that a shelf and its book differ. Nothing here changes anything: people decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from lotkeeper.stocktakes.policies import bookings, countings
from lotkeeper.stocktakes.policies.explanations import Certainty, Explanation, ExplanationCode
from lotkeeper.stocktakes.policies.facts import Facts

_SUSPECTS: Final[Sequence[Callable[[Facts], Iterator[Explanation]]]] = (
    bookings.corrected_since,
    bookings.entered_late,
    bookings.receipt_after_count,
    bookings.swapped_batch,
    bookings.entered_twice,
    bookings.receipt_not_entered,
    bookings.sold_other_batch,
    countings.counted_in_packs,
    countings.typing_error,
    countings.counters_disagree,
    countings.moved_between_places,
)
_CERTAINTIES: Final = list(Certainty)
_CODES: Final = list(ExplanationCode)


def explain(facts: Facts) -> Sequence[Explanation]:
    """What may explain the line, surest first; of equally sure ones, what explains more.

    A line that does not differ has nothing to explain.
    """
    if not facts.variance:
        return []
    found = [explanation for suspect in _SUSPECTS for explanation in suspect(facts)]
    return sorted(found, key=_place)


def _place(explanation: Explanation) -> tuple[int, Decimal, int, str]:
    certainty = _CERTAINTIES.index(explanation.certainty)
    return certainty, -abs(explanation.explained), _CODES.index(explanation.code), explanation.sentence
