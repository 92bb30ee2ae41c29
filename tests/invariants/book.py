"""The stock book as a small pure model, written from what Lotkeeper promises and not from its SQL.

Every ``expect_...`` tells what a request must come to: which lines it posts, or for which of a few reasons it is
refused. Nothing changes until the machine hands in what was really posted (``post``).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lotkeeper.stock.policies import BatchStatus, Lot, Pick, is_sellable, pick_fefo

ZERO = Decimal(0)


@dataclass(frozen=True)
class Item:
    """A variation, with what its product says of it."""

    variation_id: int
    decimals: int
    margin: int
    fifo: bool


@dataclass
class BatchState:
    """A batch as it should stand."""

    outlet_id: int
    variation_id: int
    number: str
    expiry: dt.date | None
    cost: Decimal | None
    received_at: dt.datetime
    status: BatchStatus = BatchStatus.AVAILABLE
    quantity: Decimal = ZERO
    version: int = 0

    @property
    def identity(self) -> tuple[object, ...]:
        return (self.outlet_id, self.variation_id, self.number, self.expiry, self.cost)


@dataclass
class Posted:
    """An operation that stands: what it moved, and what it refers to."""

    kind: str
    lines: list[tuple[int, Decimal]]
    refers_to: int | None = None


@dataclass
class Promise:
    """A reservation."""

    outlet_id: int
    lines: dict[int, Decimal]
    expires_at: dt.datetime
    status: str = "active"


@dataclass
class Journey:
    """A transfer: how much of which batch is on its way."""

    destination_id: int
    sent_by: int
    lines: dict[int, Decimal]
    arrived: bool = False


@dataclass
class Counting:
    """A stock take: what was last seen of each batch and when, None where it is to be counted again."""

    outlet_id: int
    opened_at: dt.datetime
    seen: dict[int, tuple[Decimal, dt.datetime] | None] = field(default_factory=dict)
    posted: bool = False


class Wanted(NamedTuple):
    """A line of a sale."""

    variation_id: int
    quantity: Decimal
    batch_id: int | None = None


@dataclass
class Expected:
    """What a request must come to: refused for one of ``codes`` if there are any, else posted as ``picks``."""

    codes: set[str] = field(default_factory=set)
    #: For each short line, what was needed and what there is.
    short: dict[int, tuple[Decimal, Decimal]] = field(default_factory=dict)
    #: Whether ``short`` must be told to the letter: lines that share a variation may split the shortage as they like.
    exact: bool = True
    #: For each line, the batches it takes in order.
    picks: dict[int, list[Pick]] = field(default_factory=dict)


class Book:
    """All stock of one business."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now
        self.timezones: dict[int, str] = {}
        self.items: dict[int, Item] = {}
        self.batches: dict[int, BatchState] = {}
        self.operations: dict[int, Posted] = {}
        self.promises: dict[int, Promise] = {}
        self.journeys: dict[int, Journey] = {}
        self.countings: dict[int, Counting] = {}
        #: Each move of a batch with the moment when it happened.
        self.moves: list[tuple[int, Decimal, dt.datetime]] = []
        #: What each posted count was about, and when it was seen.
        self.counted: dict[int, dict[int, dt.datetime]] = {}

    # --- looking ---------------------------------------------------------------------------------------------------

    def today(self, outlet_id: int) -> dt.date:
        return self.now.astimezone(ZoneInfo(self.timezones[outlet_id])).date()

    def lots(self, outlet_id: int, variation_id: int) -> list[Lot]:
        return [
            Lot(batch_id, batch.quantity, batch.expiry, batch.received_at, batch.status)
            for batch_id, batch in self.batches.items()
            if (batch.outlet_id, batch.variation_id) == (outlet_id, variation_id)
        ]

    def promised(self, outlet_id: int, variation_id: int) -> Decimal:
        return sum(
            (
                promise.lines.get(variation_id, ZERO)
                for promise in self.promises.values()
                if promise.outlet_id == outlet_id and self.holds(promise)
            ),
            ZERO,
        )

    def available(self, outlet_id: int, variation_id: int) -> Decimal:
        """What may be sold here now and is promised to nobody."""
        item, today = self.items[variation_id], self.today(outlet_id)
        sellable = [
            lot
            for lot in self.lots(outlet_id, variation_id)
            if is_sellable(lot, sell_by_margin_days=item.margin, today=today)
        ]
        on_shelf = sum((lot.quantity for lot in sellable), ZERO)
        return max(on_shelf - self.promised(outlet_id, variation_id), ZERO)

    def holds(self, promise: Promise) -> bool:
        return promise.status == "active" and promise.expires_at > self.now

    def batch_by_identity(self, identity: tuple[object, ...]) -> int | None:
        return next((batch_id for batch_id, batch in self.batches.items() if batch.identity == identity), None)

    def is_archived(self, identity: tuple[object, ...]) -> bool:
        batch_id = self.batch_by_identity(identity)
        return batch_id is not None and self.batches[batch_id].status is BatchStatus.ARCHIVED

    def is_too_precise(self, variation_id: int, quantity: Decimal) -> bool:
        return quantity != round(quantity, self.items[variation_id].decimals)

    # --- what must come of a request -------------------------------------------------------------------------------

    def expect_issue(self, outlet_id: int, wanted: Sequence[Wanted]) -> Expected:
        """A sale, a sample or goods sent away: by the rule, or from the lot in hand; only what may be sold."""
        expected = Expected(exact=len({line.variation_id for line in wanted}) == len(wanted))
        shelves: dict[int, dict[int, Lot]] = {}
        # A named lot first, so that the rule does not take it away under its own request.
        for number, line in sorted(enumerate(wanted, 1), key=lambda each: (each[1].batch_id is None, each[1].batch_id)):
            item = self.items[line.variation_id]
            lots = shelves.setdefault(
                line.variation_id, {lot.batch_id: lot for lot in self.lots(outlet_id, line.variation_id)}
            )
            if self.is_too_precise(line.variation_id, line.quantity):
                expected.codes.add("too_precise")
            today = self.today(outlet_id)
            can_go = [lot for lot in lots.values() if is_sellable(lot, sell_by_margin_days=item.margin, today=today)]
            available = max(
                sum((lot.quantity for lot in can_go), ZERO) - self.promised(outlet_id, line.variation_id), ZERO
            )
            if line.batch_id is not None:
                if line.batch_id not in lots:
                    expected.codes.add("not_found")
                    available = ZERO
                elif lots[line.batch_id].quantity > 0 and line.batch_id not in {lot.batch_id for lot in can_go}:
                    expected.codes.add("batch_not_sellable")
                can_go = [lot for lot in can_go if lot.batch_id == line.batch_id]
                available = min(available, sum((lot.quantity for lot in can_go), ZERO))
            if line.quantity > available:
                expected.codes.add("insufficient_stock")
                expected.short[number] = (line.quantity, available)
                continue
            picks, missing = pick_fefo(
                can_go, line.quantity, sell_by_margin_days=item.margin, today=today, fifo=item.fifo
            )
            assert missing == 0
            expected.picks[number] = list(picks)
            for pick in picks:
                lots[pick.batch_id] = replace(
                    lots[pick.batch_id], quantity=lots[pick.batch_id].quantity - pick.quantity
                )
        return expected

    def expect_moves(self, moves: Iterable[tuple[int, Decimal]]) -> Expected:
        """Signed quantities of named batches, whatever their state; none goes below zero."""
        expected = Expected()
        rest = {batch_id: batch.quantity for batch_id, batch in self.batches.items()}
        for number, (batch_id, quantity) in enumerate(moves, 1):
            if self.batches[batch_id].status is BatchStatus.ARCHIVED:
                expected.codes.add("batch_archived")
            if self.is_too_precise(self.batches[batch_id].variation_id, quantity):
                expected.codes.add("too_precise")
            if rest[batch_id] + quantity < 0:
                expected.codes.add("insufficient_stock")
                expected.short[number] = (-quantity, rest[batch_id])
            rest[batch_id] += quantity
        return expected

    def came_back(self, operation_id: int) -> dict[int, Decimal]:
        """How much of what an operation moved was returned or reversed, less what of that was reversed itself."""
        back: dict[int, Decimal] = defaultdict(Decimal)
        for other_id, other in self.operations.items():
            if other.refers_to == operation_id:
                for batch_id, quantity in other.lines:
                    back[batch_id] += quantity
                for batch_id, quantity in self.came_back(other_id).items():
                    back[batch_id] += quantity
        return back

    def left_of_sale(self, sale_id: int) -> dict[int, Decimal]:
        """How much of each batch is still out with the customer."""
        out: dict[int, Decimal] = defaultdict(Decimal)
        for batch_id, quantity in self.operations[sale_id].lines:
            out[batch_id] -= quantity
        for batch_id, quantity in self.came_back(sale_id).items():
            out[batch_id] -= quantity
        return out

    def expect_return(self, sale_id: int, wanted: dict[int, Decimal]) -> Expected:
        """Goods of a sale come back to the batches they were taken from, the last first, never more than are out."""
        expected = Expected()
        left = self.left_of_sale(sale_id)
        for number, (variation_id, quantity) in enumerate(wanted.items(), 1):
            sold = [batch_id for batch_id in left if self.batches[batch_id].variation_id == variation_id]
            if not sold:
                expected.codes.add("not_found")
                continue
            if self.is_too_precise(variation_id, quantity):
                expected.codes.add("too_precise")
            if quantity > sum((left[batch_id] for batch_id in sold), ZERO):
                expected.codes.add("exceeds_original")
            missing, picks = quantity, expected.picks.setdefault(number, [])
            for batch_id in reversed(sold):
                if taken := min(missing, left[batch_id]):
                    picks.append(Pick(batch_id, taken))
                    missing -= taken
            if any(self.batches[pick.batch_id].status is BatchStatus.ARCHIVED for pick in picks):
                expected.codes.add("batch_archived")
        return expected

    def expect_reversal(self, operation_id: int) -> Expected:
        """The opposite of everything an operation moved, once, and only if nothing of it came back before."""
        posted = self.operations[operation_id]
        if posted.kind in {"transfer", "transfer_receipt", "reversal", "amendment"}:
            return Expected({"not_reversible"})
        if any(other.kind == "reversal" and other.refers_to == operation_id for other in self.operations.values()):
            return Expected({"already_reversed"})
        if not posted.lines:
            return Expected({"not_reversible"})
        expected = self.expect_moves((batch_id, -quantity) for batch_id, quantity in posted.lines)
        if any(self.came_back(operation_id).values()):
            expected.codes.add("exceeds_original")
        return expected

    def expect_commit(self, reservation_id: int) -> Expected:
        """A promise is sold from what it held back."""
        promise = self.promises[reservation_id]
        wanted = [Wanted(variation_id, quantity) for variation_id, quantity in sorted(promise.lines.items())]
        if not self.holds(promise):
            return Expected({"reservation_closed"})
        promise.status = "committing"
        try:
            return self.expect_issue(promise.outlet_id, wanted)
        finally:
            promise.status = "active"

    def book_at(self, batch_id: int, moment: dt.datetime) -> Decimal:
        """What had happened of a batch by a moment."""
        return sum((moved for batch, moved, at in self.moves if batch == batch_id and at <= moment), ZERO)

    def has_later_count(self, batch_id: int, moment: dt.datetime) -> bool:
        """Whether a count was posted, and stands, that saw the batch later."""
        reversed_ = {each.refers_to for each in self.operations.values() if each.kind == "reversal"}
        return any(
            batch_id in seen and seen[batch_id] > moment
            for operation_id, seen in self.counted.items()
            if operation_id not in reversed_
        )

    def expect_counts(self, counting: Counting) -> tuple[Expected, dict[int, Decimal]]:
        """Each batch differs by what was seen from the book of its own moment; a later count has the last word."""
        if None in counting.seen.values():
            return Expected({"recount_outstanding"}), {}
        if not counting.seen:
            return Expected({"invalid_request"}), {}
        expected, differences = Expected(), {}
        for batch_id, (quantity, moment) in ((each, seen) for each, seen in counting.seen.items() if seen is not None):
            if self.has_later_count(batch_id, moment):
                continue
            difference = quantity - self.book_at(batch_id, moment)
            if difference and self.batches[batch_id].status is BatchStatus.ARCHIVED:
                expected.codes.add("batch_archived")
            if self.batches[batch_id].quantity + difference < 0:
                expected.codes.add("sold_since_counted")
            differences[batch_id] = difference
        return expected, differences

    # --- what happened ---------------------------------------------------------------------------------------------

    def post(
        self, operation_id: int, kind: str, lines: Iterable[tuple[int, Decimal]], refers_to: int | None = None
    ) -> None:
        """An operation stands in the ledger."""
        assert operation_id not in self.operations
        posted = Posted(kind, list(lines), refers_to)
        self.operations[operation_id] = posted
        # A count's difference belongs to the moment of counting, and so does its reversal.
        moments = self.counted.get(operation_id) or self.counted.get(refers_to or 0) or {}
        for batch_id, quantity in posted.lines:
            self.batches[batch_id].quantity += quantity
            self.batches[batch_id].version += 1
            self.moves.append((batch_id, quantity, moments.get(batch_id, self.now)))

    def arrive(self, batch_id: int, arriving: BatchState) -> None:
        """Goods arrived under a batch id: that of the batch with their identity, or a new one."""
        known = self.batch_by_identity(arriving.identity)
        if known is None:
            assert batch_id not in self.batches
            self.batches[batch_id] = arriving
        else:
            assert batch_id == known
