"""What stock takes refuse."""

from __future__ import annotations

from typing import ClassVar

from lotkeeper.core.errors import Conflict, Refusal


class StockTakeClosed(Conflict):
    """The stock take has gone too far for this: it is counted, posted or cancelled."""

    code = "stock_take_closed"
    title = "This count is closed"
    sentence = "This stock take is {status}; that is no longer possible."


class StockTakeNotCounted(Conflict):
    """The stock take is still being counted."""

    code = "stock_take_not_counted"
    title = "Still being counted"
    sentence = "This stock take is still being counted. Complete it first."


class OutOfScope(Conflict):
    """What was counted does not belong to this stock take."""

    code = "out_of_scope"
    title = "Not part of this count"
    sentence = "Some of what was counted is not part of this stock take; see the lines."


class RecountOutstanding(Conflict):
    """Lines are waiting to be counted again."""

    code = "recount_outstanding"
    title = "Count again first"
    sentence = "Some lines are to be counted again before this can be posted."


class ApprovalNeeded(Conflict):
    """Differences beyond the tolerance, or of places that do not add up, need somebody who did not count them."""

    code = "approval_needed"
    title = "A second person must look"
    sentence = (
        "Some differences are larger than allowed, or goods moved between the counts of two places of one batch."
        " Somebody who did not count them must approve them, or they are counted again."
    )


class OwnCount(Conflict):
    """Nobody approves what they counted themselves."""

    code = "own_count"
    title = "Counted by you"
    sentence = "You counted some of these lines yourself; somebody else must approve them."


class NotAssigned(Refusal):
    """The stock take names who counts it."""

    code = "not_assigned"
    status: ClassVar[int] = 403
    title = "Not yours to count"
    sentence = "This stock take was given to other people to count."


class NoSwap(Conflict):
    """The two lines do not explain each other."""

    code = "no_swap"
    title = "Not a swap"
    sentence = "One batch must be short and another of the same variation over by at least this much."
