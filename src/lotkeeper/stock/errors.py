"""What stock operations refuse, with true numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from lotkeeper.core.errors import Conflict, Refusal


def _number(quantity: Any) -> str:
    return f"{Decimal(quantity):f}"


class InsufficientStockError(Conflict):
    """There is less than was asked for. ``lines`` tells for each short line what was needed and what is available."""

    code = "insufficient_stock"
    title = "Not enough stock"

    def __init__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        self.lines = [dict(line) for line in lines]
        first = self.lines[0]
        detail = f"Insufficient stock. Needed {_number(first['needed'])}, only {_number(first['available'])} available"
        if len(self.lines) > 1:
            detail += f" (and {len(self.lines) - 1} more short lines)"
        super().__init__(f"{detail}.", lines=self.lines)


class BatchNotSellable(Conflict):
    """The batch in hand is expired, held or recalled; it may be written off, not sold."""

    code = "batch_not_sellable"
    title = "This batch may not be sold"
    sentence = "This batch may not be sold: it is expired, held or recalled."


class ExceedsOriginal(Conflict):
    """More would come back than went, or it came back already."""

    code = "exceeds_original"
    title = "More than was posted"
    sentence = "That is more than the original operation moved, or it was returned or reversed already."


class AlreadyReversed(Conflict):
    """An operation is reversed once."""

    code = "already_reversed"
    title = "Already reversed"
    sentence = "This operation was reversed already."


class NotReversible(Conflict):
    """Only an operation that moved stock can be reversed."""

    code = "not_reversible"
    title = "Cannot be reversed"
    sentence = "This kind of operation cannot be reversed; see what it offers instead."


class ReservationClosed(Conflict):
    """The reservation was sold, released or has lapsed."""

    code = "reservation_closed"
    title = "The reservation is closed"
    sentence = "This reservation is {status} and holds nothing any more."


class NothingToChange(Conflict):
    """The batch says already what it should say."""

    code = "nothing_to_change"
    title = "Nothing to change"
    sentence = "The batch has these values already."


class BatchArchived(Conflict):
    """An archived batch is put away: it takes no movements and no corrections until it is released."""

    code = "batch_archived"
    title = "The batch is archived"
    sentence = "This batch is archived. Release it first."


class BatchNotEmpty(Conflict):
    """Only an empty batch can be archived."""

    code = "batch_not_empty"
    title = "The batch is not empty"
    sentence = "Only an empty batch can be archived, and this one holds {quantity}."


class BatchIdentityTaken(Conflict):
    """Another batch here has this number, expiry and cost."""

    code = "batch_exists"
    title = "There is such a batch"
    sentence = "Another batch of this variation at this outlet has this number, expiry and cost already."


class SoldSinceCounted(Conflict):
    """Fewer were counted than the book has sold since: posting would leave less than nothing."""

    code = "sold_since_counted"
    title = "Count again"
    sentence = (
        "More was sold of some batches since they were counted than had been on the shelf, by the book. "
        "Count them again; some of it was probably taken from another batch."
    )


class CountedTwice(Conflict):
    """One batch stands on two lines of a count."""

    code = "counted_twice"
    title = "Counted twice"
    sentence = "What was found as unknown is a batch that was counted too. Keep one of the two lines."


class TooPrecise(Refusal):
    """The quantity has more decimals than the variation is counted in."""

    code = "too_precise"
    status: ClassVar[int] = 400
    title = "Too many decimals"
    sentence = "This is counted with {quantity_decimals} decimals at most."


class ReferenceReused(Refusal):
    """The reference was used for another request: a retry must repeat its request word for word."""

    code = "reference_reused"
    status: ClassVar[int] = 422
    title = "Reference used before"
    sentence = "The reference {reference_id} belongs to another request already."


class ReferencesDiffer(Refusal):
    """A request has one reference, wherever it stands."""

    code = "references_differ"
    status: ClassVar[int] = 422
    title = "Two references"
    sentence = "The body's reference_id and the Idempotency-Key header name two references; send one."


class ConfirmationNeeded(Conflict):
    """Something looks wrong; sent again with a confirmation it is accepted."""

    code = "confirmation_needed"
    title = "Please confirm"

    def __init__(self, warnings: Sequence[Mapping[str, Any]]) -> None:
        sentences = " ".join(str(warning["sentence"]) for warning in warnings)
        super().__init__(f"Please check and confirm: {sentences}", warnings=[dict(warning) for warning in warnings])
