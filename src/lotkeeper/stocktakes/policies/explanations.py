"""What may explain that a shelf and its book differ. Nothing here changes anything: people decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from typing import Final

from lotkeeper.stock.policies import WRITE_OFF_KINDS, MovementKind
from lotkeeper.stocktakes.policies.facts import Facts, Moved, OtherLine

#: Two deliveries of the same quantity that are further apart are two deliveries.
ENTERED_TWICE_DAYS: Final = 14
#: What is entered later than this after a count had not stood on the shelf unseen.
ENTERED_AFTER_DAYS: Final = 3
#: More packs than this are not overlooked at once.
MOST_PACKS: Final = 3

_CORRECTING: Final = WRITE_OFF_KINDS | {MovementKind.ADJUSTMENT, MovementKind.REVERSAL}


class ExplanationCode(StrEnum):
    """What may have happened."""

    CORRECTED_SINCE = "corrected_since"
    ENTERED_LATE = "entered_late"
    RECEIPT_AFTER_COUNT = "receipt_after_count"
    SWAPPED_BATCH = "swapped_batch"
    TRANSFER_RECEIVED_TWICE = "transfer_received_twice"
    RECEIPT_ENTERED_TWICE = "receipt_entered_twice"
    RECEIPT_NOT_ENTERED = "receipt_not_entered"
    COUNTED_IN_PACKS = "counted_in_packs"
    LOOKS_LIKE_TYPING_ERROR = "looks_like_typing_error"
    COUNTERS_DISAGREE = "counters_disagree"
    MOVED_BETWEEN_PLACES = "moved_between_places"
    SOLD_OTHER_BATCH = "sold_other_batch"


class Certainty(StrEnum):
    """How surely it explains: the figures meet exactly and seldom by chance; they meet; or it could just be."""

    LIKELY = "likely"
    POSSIBLE = "possible"
    HINT = "hint"


_ORDER: Final = {each: place for place, each in enumerate(Certainty)}
_CODE_ORDER: Final = {each: place for place, each in enumerate(ExplanationCode)}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Something that may have happened, in a sentence, and how much of the variance it would explain.

    ``explained`` has the variance's sign. The rest names what the sentence is about: the other line of a swap, another
    batch, the operations or the transfer.
    """

    code: ExplanationCode
    certainty: Certainty
    sentence: str
    explained: Decimal
    item_id: int | None = None
    batch_id: int | None = None
    operation_ids: Sequence[int] = ()
    transfer_id: int | None = None


def explain(facts: Facts) -> Sequence[Explanation]:
    """What may explain the line, surest first; of equally sure ones, what explains more.

    A line that does not differ has nothing to explain.
    """
    if not facts.variance:
        return []
    found = [explanation for suspect in _SUSPECTS for explanation in suspect(facts)]
    return sorted(
        found, key=lambda each: (_ORDER[each.certainty], -abs(each.explained), _CODE_ORDER[each.code], each.sentence)
    )


def _corrected_since(facts: Facts) -> Iterator[Explanation]:
    since = [each for each in facts.moved if each.own and each.kind in _CORRECTING and _after(facts, each)]
    exact = [[each] for each in since if each.quantity == facts.variance]
    # Several corrections may make up the difference together.
    if not exact and len(since) > 1 and sum(each.quantity for each in since) == facts.variance:
        exact = [since]
    for corrections in exact:
        yield Explanation(
            ExplanationCode.CORRECTED_SINCE,
            Certainty.LIKELY,
            f"{_signed(facts.variance)} was posted since the shelf was counted ({_when(facts, corrections[-1])}). "
            "Posting this count would correct the same difference twice.",
            facts.variance,
            operation_ids=[each.operation_id for each in corrections],
        )


def _entered_late(facts: Facts) -> Iterator[Explanation]:
    if facts.entered_late and facts.counted == facts.book - facts.entered_late:
        yield Explanation(
            ExplanationCode.ENTERED_LATE,
            Certainty.LIKELY,
            f"{_signed(facts.entered_late)} was entered after the counting and dated before it; without that the shelf "
            f"agrees with the book. If it happened after the counting, its date is wrong.",
            facts.variance,
        )


def _receipt_after_count(facts: Facts) -> Iterator[Explanation]:
    soon = facts.counted_at + dt.timedelta(days=ENTERED_AFTER_DAYS)
    for each in facts.moved:
        if each.kind in _ARRIVING and _after(facts, each) and each.occurred_at <= soon:
            if each.quantity == facts.variance:
                yield Explanation(
                    ExplanationCode.RECEIPT_AFTER_COUNT,
                    Certainty.LIKELY,
                    f"{_plain(each.quantity)} of this batch number were taken in after the counting "
                    f"({_when(facts, each)}). If they stood on the shelf already, posting would add them twice.",
                    facts.variance,
                    operation_ids=[each.operation_id],
                )


def _swapped_batch(facts: Facts) -> Iterator[Explanation]:
    for other in facts.others:
        amount = _swappable(facts, other)
        if not amount:
            continue
        whole = amount == abs(facts.variance) == abs(other.variance)
        short, over = _short_and_over(facts.batch_number, other.batch_number, facts.variance)
        yield Explanation(
            ExplanationCode.SWAPPED_BATCH,
            Certainty.LIKELY if whole else Certainty.POSSIBLE,
            f"Batch {short} is short and batch {over} is over by {_plain(amount)}"
            + ("." if whole else " or more.")
            + f" {_plain(amount)} may have been sold or received as the wrong one of the two.",
            amount.copy_sign(facts.variance),
            item_id=other.item_id,
            batch_id=other.batch_id,
        )


def _entered_twice(facts: Facts) -> Iterator[Explanation]:
    arrivals = [each for each in facts.moved if each.kind in _ARRIVING and each.quantity == -facts.variance]
    before = [each for each in arrivals if not _after(facts, each)]
    for first, second in combinations(sorted(before, key=lambda each: (each.occurred_at, each.operation_id)), 2):
        apart = second.occurred_at - first.occurred_at
        if apart > dt.timedelta(days=ENTERED_TWICE_DAYS) or not (first.own or second.own):
            continue
        both = f"({_when(facts, first)} and {_when(facts, second)})"
        kinds = {first.kind, second.kind}
        if kinds == {MovementKind.PURCHASE, MovementKind.TRANSFER_IN}:
            code = ExplanationCode.TRANSFER_RECEIVED_TWICE
            told = f"{_plain(first.quantity)} came by a transfer and were also entered as a delivery {both}."
        elif kinds == {MovementKind.TRANSFER_IN}:
            code = ExplanationCode.TRANSFER_RECEIVED_TWICE
            told = f"Two transfers of {_plain(first.quantity)} of this batch number were confirmed {both}."
        else:
            code = ExplanationCode.RECEIPT_ENTERED_TWICE
            told = f"{_plain(first.quantity)} of this batch number were taken in twice {both}."
        yield Explanation(
            code,
            Certainty.LIKELY,
            f"{told} If it was one delivery, reverse one of the two.",
            facts.variance,
            operation_ids=[first.operation_id, second.operation_id],
        )


def _receipt_not_entered(facts: Facts) -> Iterator[Explanation]:
    for each in facts.in_transit:
        if each.quantity != facts.variance:
            continue
        same = each.batch_number == facts.batch_number
        of = "of this batch number" if same else f"of batch {each.batch_number}"
        yield Explanation(
            ExplanationCode.RECEIPT_NOT_ENTERED,
            Certainty.LIKELY if same else Certainty.HINT,
            f"{_plain(each.quantity)} {of} are on their way here (transfer {each.transfer_id}) and nobody has confirmed "
            "them. If they arrived, receive the transfer instead of posting the difference.",
            facts.variance,
            transfer_id=each.transfer_id,
        )


def _counted_in_packs(facts: Facts) -> Iterator[Explanation]:
    for boxed in facts.packs:
        factor, pack = boxed.factor, f"{boxed.name} of {boxed.factor}"
        too_few, rest = divmod(-facts.variance, factor - 1)
        whole, part = divmod(abs(facts.variance), factor)
        certainty, told = Certainty.POSSIBLE, ""
        if facts.counted and facts.counted * factor == facts.book:
            certainty = Certainty.LIKELY
            told = f"The book says {_plain(facts.book)}, which is {_plain(facts.counted)} × {pack}: packs were counted."
        elif facts.book and facts.book * factor == facts.counted:
            certainty = Certainty.LIKELY
            told = f"{_plain(facts.counted)} is {_plain(facts.book)} × {pack}: pieces were counted as packs."
        elif factor <= MOST_PACKS:
            # Differences of a few units fit a small pack by chance.
            continue
        elif not rest and 0 < too_few <= min(facts.counted, MOST_PACKS):
            told = f"{_plain(too_few)} × {pack} counted as one piece each would make the difference."
        elif not part and whole <= MOST_PACKS:
            told = f"The difference is {_plain(whole)} × {pack}: overlooked, or counted twice."
        if told:
            yield Explanation(ExplanationCode.COUNTED_IN_PACKS, certainty, told, facts.variance)


def _typing_error(facts: Facts) -> Iterator[Explanation]:
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
            f"{_plain(facts.counted)} was counted where the book says {_plain(facts.book)}: {told}?",
            facts.variance,
        )


def _counters_disagree(facts: Facts) -> Iterator[Explanation]:
    if facts.apart:
        yield Explanation(
            ExplanationCode.COUNTERS_DISAGREE,
            Certainty.POSSIBLE if facts.apart >= abs(facts.variance) else Certainty.HINT,
            f"Two counts of the same place differ by {_plain(facts.apart)}, sales between them allowed for. "
            "Have it counted again.",
            min(facts.apart, abs(facts.variance)).copy_sign(facts.variance),
        )


def _moved_between_places(facts: Facts) -> Iterator[Explanation]:
    if facts.moved_between:
        enough = facts.moved_between >= abs(facts.variance)
        yield Explanation(
            ExplanationCode.MOVED_BETWEEN_PLACES,
            Certainty.POSSIBLE if enough else Certainty.HINT,
            f"The book moved by {_plain(facts.moved_between)} between the counts of two places of this batch; that may "
            "have been counted twice, or not at all.",
            min(facts.moved_between, abs(facts.variance)).copy_sign(facts.variance),
        )


def _sold_other_batch(facts: Facts) -> Iterator[Explanation]:
    amount = abs(facts.variance)
    for other in facts.uncounted:
        # What is short here may have gone over the counter while the till booked the other, and the other way round.
        booked = other.sold if facts.variance < 0 else facts.sold
        if booked >= amount:
            sold_as = other.batch_number if facts.variance < 0 else facts.batch_number
            yield Explanation(
                ExplanationCode.SOLD_OTHER_BATCH,
                Certainty.HINT,
                f"Since the last count {_plain(booked)} were booked as sold from batch {sold_as}. If some of them came "
                f"off the other batch's shelf, batch {other.batch_number} differs too: count it.",
                facts.variance,
                batch_id=other.batch_id,
            )


_SUSPECTS: Final[Sequence[Callable[[Facts], Iterator[Explanation]]]] = (
    _corrected_since,
    _entered_late,
    _receipt_after_count,
    _swapped_batch,
    _entered_twice,
    _receipt_not_entered,
    _counted_in_packs,
    _typing_error,
    _counters_disagree,
    _moved_between_places,
    _sold_other_batch,
)
_ARRIVING: Final = frozenset({MovementKind.PURCHASE, MovementKind.OPENING, MovementKind.TRANSFER_IN})


def _swappable(facts: Facts, other: OtherLine) -> Decimal:
    """How much of both differences an exchange of the two batches would explain."""
    opposite = facts.variance * other.variance < 0
    return min(abs(facts.variance), abs(other.variance)) if opposite else Decimal(0)


def _short_and_over(this: str, other: str, variance: Decimal) -> tuple[str, str]:
    return (this, other) if variance < 0 else (other, this)


def _after(facts: Facts, moved: Moved) -> bool:
    return moved.occurred_at > facts.counted_at


def _transposed(one: str, other: str) -> bool:
    """Whether the two differ by two neighbouring digits that changed places."""
    differing = [place for place, (left, right) in enumerate(zip(one, other, strict=False)) if left != right]
    if len(one) != len(other) or len(differing) != 2:
        return False
    left, right = differing
    return right == left + 1 and (one[left], one[right]) == (other[right], other[left])


def _when(facts: Facts, moved: Moved) -> str:
    return f"{moved.occurred_at.astimezone(facts.zone):%Y-%m-%d %H:%M}"


def _plain(quantity: Decimal) -> str:
    return f"{quantity.normalize():f}"


def _signed(quantity: Decimal) -> str:
    return f"{quantity.normalize():+f}"
