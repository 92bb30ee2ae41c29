"""How a possible explanation of a difference is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


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


def plain(quantity: Decimal) -> str:
    """3 and not 3.000."""
    return f"{quantity.normalize():f}"


def signed(quantity: Decimal) -> str:
    """+3 and -3."""
    return f"{quantity.normalize():+f}"
