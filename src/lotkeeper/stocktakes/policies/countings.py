"""Differences that come from how the shelf was counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lotkeeper.stocktakes.policies.explanations import Certainty, Explanation, ExplanationCode, plain
from lotkeeper.stocktakes.policies.facts import Facts

#: More packs than this are not overlooked at once; and differences of a few units fit a pack this small by chance.
MOST_PACKS: Final = 3


def counted_in_packs(facts: Facts) -> Iterator[Explanation]:
    """Packs were counted as pieces, pieces as packs, or a few packs overlooked."""
    for boxed in facts.packs:
        factor, pack = boxed.factor, f"{boxed.name} of {boxed.factor}"
        too_few, rest = divmod(-facts.variance, factor - 1)
        whole, part = divmod(abs(facts.variance), factor)
        certainty, told = Certainty.POSSIBLE, ""
        if facts.counted and facts.counted * factor == facts.book:
            certainty = Certainty.LIKELY
            told = f"The book's {plain(facts.book)} is {plain(facts.counted)} times {pack}: packs were counted."
        elif facts.book and facts.book * factor == facts.counted:
            certainty = Certainty.LIKELY
            told = f"{plain(facts.counted)} is {plain(facts.book)} times {pack}: pieces were counted as packs."
        elif factor <= MOST_PACKS:
            # Differences of a few units fit a small pack by chance.
            continue
        elif not rest and 0 < too_few <= MOST_PACKS and too_few <= facts.counted:
            told = f"{plain(too_few)} times {pack} counted as one piece each would make the difference."
        elif not part and whole <= MOST_PACKS:
            told = f"The difference is {plain(whole)} times {pack}: overlooked, or counted twice."
        if told:
            yield Explanation(ExplanationCode.COUNTED_IN_PACKS, certainty, told, facts.variance)


def typing_error(facts: Facts) -> Iterator[Explanation]:
    """The figure is the one of the book with a slip of the finger."""
    counted, book = (int(each.scaleb(facts.decimals)) for each in (facts.counted, facts.book))
    told = ""
    if book and counted == book * 10:
        told = "a zero too many"
    elif counted and counted * 10 == book:
        told = "a zero too few"
    elif _transposed(str(counted), str(book)):
        told = "two digits exchanged"
    if told:
        yield Explanation(
            ExplanationCode.LOOKS_LIKE_TYPING_ERROR,
            Certainty.POSSIBLE,
            f"{plain(facts.counted)} was counted where the book says {plain(facts.book)}: {told}?",
            facts.variance,
        )


def counters_disagree(facts: Facts) -> Iterator[Explanation]:
    """Those who counted found different things."""
    if facts.apart:
        yield Explanation(
            ExplanationCode.COUNTERS_DISAGREE,
            Certainty.POSSIBLE if facts.apart >= abs(facts.variance) else Certainty.HINT,
            f"Two counts of the same place differ by {plain(facts.apart)}, sales between them allowed for. "
            "Have it counted again.",
            min(facts.apart, abs(facts.variance)).copy_sign(facts.variance),
        )


def moved_between_places(facts: Facts) -> Iterator[Explanation]:
    """Goods moved while the places of a batch were counted one after the other."""
    if facts.moved_between:
        enough = facts.moved_between >= abs(facts.variance)
        yield Explanation(
            ExplanationCode.MOVED_BETWEEN_PLACES,
            Certainty.POSSIBLE if enough else Certainty.HINT,
            f"The book moved by {plain(facts.moved_between)} between the counts of two places of this batch; that may "
            "have been counted twice, or not at all.",
            min(facts.moved_between, abs(facts.variance)).copy_sign(facts.variance),
        )


def _transposed(one: str, other: str) -> bool:
    """Whether the two differ by two neighbouring digits that changed places."""
    differing = [place for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right]
    if len(one) != len(other) or not differing:
        return False
    left, right = differing[0], differing[-1]
    return right == left + 1 and one[left : right + 1] == other[right] + other[left]
