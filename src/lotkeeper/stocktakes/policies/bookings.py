"""Differences that come from what was booked: late, twice, not at all, or as another batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations
from typing import Final

from lotkeeper.stock.policies import WRITE_OFF_KINDS, MovementKind
from lotkeeper.stocktakes.policies.explanations import Certainty, Explanation, ExplanationCode, plain, signed
from lotkeeper.stocktakes.policies.facts import Facts, Moved, OtherLine

#: Two deliveries of the same quantity that are further apart are two deliveries.
ENTERED_TWICE_DAYS: Final = 14
#: What is entered later than this after a count had not stood on the shelf unseen.
ENTERED_AFTER_DAYS: Final = 3

_CORRECTING: Final = WRITE_OFF_KINDS | {MovementKind.ADJUSTMENT, MovementKind.REVERSAL}
_ARRIVING: Final = frozenset({MovementKind.PURCHASE, MovementKind.OPENING, MovementKind.TRANSFER_IN})


def corrected_since(facts: Facts) -> Iterator[Explanation]:
    """The very difference was corrected since the shelf was counted."""
    since = [each for each in facts.moved if each.own and each.kind in _CORRECTING and _after(facts, each)]
    exact = [[each] for each in since if each.quantity == facts.variance]
    # Several corrections may make up the difference together.
    if not exact and len(since) > 1 and sum(each.quantity for each in since) == facts.variance:
        exact = [since]
    for corrections in exact:
        yield Explanation(
            ExplanationCode.CORRECTED_SINCE,
            Certainty.LIKELY,
            f"{signed(facts.variance)} was posted since the shelf was counted ({_when(facts, corrections[-1])}). "
            "Posting this count would correct the same difference twice.",
            facts.variance,
            operation_ids=[each.operation_id for each in corrections],
        )


def entered_late(facts: Facts) -> Iterator[Explanation]:
    """Without what was entered after the counting the shelf agrees with the book."""
    if facts.entered_late and facts.counted == facts.book - facts.entered_late:
        yield Explanation(
            ExplanationCode.ENTERED_LATE,
            Certainty.LIKELY,
            f"{signed(facts.entered_late)} was entered after the counting and dated before it; without that the shelf "
            "agrees with the book. If it happened after the counting, its date is wrong.",
            facts.variance,
        )


def receipt_after_count(facts: Facts) -> Iterator[Explanation]:
    """A delivery of just this quantity was entered soon after the counting."""
    soon = facts.counted_at + dt.timedelta(days=ENTERED_AFTER_DAYS)
    for each in facts.moved:
        if each.kind in _ARRIVING and facts.counted_at < each.occurred_at <= soon and each.quantity == facts.variance:
            yield Explanation(
                ExplanationCode.RECEIPT_AFTER_COUNT,
                Certainty.LIKELY,
                f"{plain(each.quantity)} of this batch number were taken in after the counting ({_when(facts, each)}). "
                "If they stood on the shelf already, posting would add them twice.",
                facts.variance,
                operation_ids=[each.operation_id],
            )


def swapped_batch(facts: Facts) -> Iterator[Explanation]:
    """Another batch of the variation differs the other way."""
    for other in facts.others:
        amount = _swappable(facts, other)
        if not amount:
            continue
        whole = amount == abs(facts.variance) == abs(other.variance)
        by = plain(amount) if whole else f"{plain(amount)} or more"
        both = (facts.batch_number, other.batch_number)
        short, over = both if facts.variance < 0 else reversed(both)
        yield Explanation(
            ExplanationCode.SWAPPED_BATCH,
            Certainty.LIKELY if whole else Certainty.POSSIBLE,
            f"Batch {short} is short and batch {over} is over by {by}. "
            f"{plain(amount)} may have been sold or received as the wrong one of the two.",
            amount.copy_sign(facts.variance),
            item_id=other.item_id,
            batch_id=other.batch_id,
        )


def entered_twice(facts: Facts) -> Iterator[Explanation]:
    """Two arrivals of just this quantity stand close together in the book."""
    arrivals = [each for each in facts.moved if each.kind in _ARRIVING and each.quantity == -facts.variance]
    before = [each for each in arrivals if not _after(facts, each)]
    for first, second in combinations(sorted(before, key=lambda each: (each.occurred_at, each.operation_id)), 2):
        apart = second.occurred_at - first.occurred_at
        # What a later count has looked at is settled; the second of two is the one too many.
        if apart > dt.timedelta(days=ENTERED_TWICE_DAYS) or second.settled or not (first.own or second.own):
            continue
        both = f"({_when(facts, first)} and {_when(facts, second)})"
        kinds = {first.kind, second.kind}
        if kinds == {MovementKind.PURCHASE, MovementKind.TRANSFER_IN}:
            code = ExplanationCode.TRANSFER_RECEIVED_TWICE
            told = f"{plain(first.quantity)} came by a transfer and were also entered as a delivery {both}."
        elif kinds == {MovementKind.TRANSFER_IN}:
            code = ExplanationCode.TRANSFER_RECEIVED_TWICE
            told = f"Two transfers of {plain(first.quantity)} of this batch number were confirmed {both}."
        else:
            code = ExplanationCode.RECEIPT_ENTERED_TWICE
            told = f"{plain(first.quantity)} of this batch number were taken in twice {both}."
        yield Explanation(
            code,
            Certainty.LIKELY,
            f"{told} If it was one delivery, reverse one of the two.",
            facts.variance,
            operation_ids=[first.operation_id, second.operation_id],
        )


def receipt_not_entered(facts: Facts) -> Iterator[Explanation]:
    """Goods of just this quantity are on their way here in the book."""
    for each in facts.in_transit:
        if each.quantity != facts.variance:
            continue
        same = each.batch_number == facts.batch_number
        of = "of this batch number" if same else f"of batch {each.batch_number}"
        yield Explanation(
            ExplanationCode.RECEIPT_NOT_ENTERED,
            Certainty.LIKELY if same else Certainty.HINT,
            f"{plain(each.quantity)} {of} are on their way here (transfer {each.transfer_id}) and nobody has "
            "confirmed them. If they arrived, receive the transfer instead of posting the difference.",
            facts.variance,
            transfer_id=each.transfer_id,
        )


def sold_other_batch(facts: Facts) -> Iterator[Explanation]:
    """Enough was sold since the last count for the wrong batch to have been booked."""
    amount = abs(facts.variance)
    for other in facts.uncounted:
        # What is short here may have gone over the counter while the till booked the other, and the other way round.
        booked = other.sold if facts.variance < 0 else facts.sold
        if booked >= amount:
            sold_as = other.batch_number if facts.variance < 0 else facts.batch_number
            yield Explanation(
                ExplanationCode.SOLD_OTHER_BATCH,
                Certainty.HINT,
                f"Since the last count {plain(booked)} were booked as sold from batch {sold_as}. If some of them came "
                f"off the other batch's shelf, batch {other.batch_number} differs too: count it.",
                facts.variance,
                batch_id=other.batch_id,
            )


def _swappable(facts: Facts, other: OtherLine) -> Decimal:
    """How much of both differences an exchange of the two batches would explain."""
    opposite = facts.variance * other.variance < 0
    return min(abs(facts.variance), abs(other.variance)) if opposite else Decimal(0)


def _after(facts: Facts, moved: Moved) -> bool:
    return moved.occurred_at > facts.counted_at


def _when(facts: Facts, moved: Moved) -> str:
    return f"{moved.occurred_at.astimezone(facts.zone):%Y-%m-%d %H:%M}"
