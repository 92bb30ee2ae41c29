"""The lines of a stock take: what is still to be counted, and where the shelves differ from the book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from lotkeeper.core.postgres.statements import rows, statement
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.models import StockTake
from lotkeeper.stocktakes.queries.takes import SLICE, scope_of


class ToCount(NamedTuple):
    """A batch that nobody has counted yet. What the book says of it is not among its fields."""

    batch_id: int
    variation_id: int
    sku: str
    product_name: str
    variation_name: str
    unit: str
    batch_number: str
    expiry_date: dt.date | None
    #: Its line, if it has one already: it is to be counted again.
    item_id: int | None


class VarianceLine(NamedTuple):
    """One counted batch beside the book of the moment of counting."""

    item_id: int
    batch_id: int | None
    variation_id: int
    sku: str
    product_name: str
    variation_name: str
    unit: str
    quantity_decimals: int
    batch_number: str
    expiry_date: dt.date | None
    #: The book does not know it, or did not until now.
    found: bool
    round: int
    awaiting_recount: bool
    physical_count: Decimal | None
    counted_at: dt.datetime | None
    system_count: Decimal
    system_version: int
    variance: Decimal | None
    unit_cost: Decimal | None
    value: Decimal | None
    #: The value without its sign, 0 where the cost is unknown: the order of the list.
    size: Decimal
    variance_reason: str
    #: What moved since the shelf was counted (units, lines), and what was entered since that had happened before; None
    #: once posted.
    moved_since: Decimal | None
    lines_since: int | None
    entered_late: Decimal | None
    superseded: bool
    beyond_tolerance: bool
    approved_by: int | None
    approved_at: dt.datetime | None
    needs_approval: bool
    #: Two who counted the same place found different things.
    disagreement: bool
    #: How many units moved, in or out, between the counts of two places of the batch: these do not add up to a shelf.
    moved_between_places: Decimal


class CountedLine(NamedTuple):
    """One batch of a stock take as whoever counts blind sees it: what the book says is not among its fields."""

    item_id: int
    batch_id: int | None
    variation_id: int
    sku: str
    product_name: str
    variation_name: str
    unit: str
    quantity_decimals: int
    batch_number: str
    expiry_date: dt.date | None
    found: bool
    round: int
    awaiting_recount: bool
    physical_count: Decimal | None
    counted_at: dt.datetime | None
    variance_reason: str


@dataclass(frozen=True, slots=True)
class LinesWanted:
    """Which lines of a stock take to list."""

    item_ids: Sequence[int] | None = None
    only_differences: bool = False
    only_unapproved: bool = False


class Progress(NamedTuple):
    """How far a stock take has come, without what the book says."""

    lines: int
    counted: int
    to_count: int
    awaiting_recount: int


@dataclass(frozen=True, slots=True)
class VarianceSummary:
    """A stock take in figures, over its counted lines.

    Accuracy is 1 less the difference as a share of the book, None for an empty book: net lets +2 and -2 cancel,
    absolute does not. Values cover the lines whose cost is known.
    """

    lines: int
    counted: int
    to_count: int
    differing: int
    awaiting_recount: int
    needing_approval: int
    book_units: Decimal
    net_units: Decimal
    absolute_units: Decimal
    net_value: Decimal
    absolute_value: Decimal
    accuracy_net: Decimal | None
    accuracy_absolute: Decimal | None

    @property
    def progress(self) -> Progress:
        """What of it whoever counts blind may see."""
        return Progress(self.lines, self.counted, self.to_count, self.awaiting_recount)


def to_count(take: StockTake, window: Window) -> Sequence[ToCount]:
    """The batches in scope that are still to be counted, by product name."""
    name, variation_id, batch_id = window.after or (None, None, None)
    found = rows(
        _directed("queries/in_scope", backwards=window.backwards),
        {
            "stock_take_id": take.pk,
            "outlet_id": take.outlet_id,
            **scope_of(take),
            "after_name": name,
            "after_variation": variation_id,
            "after_batch": batch_id,
            "limit": window.limit,
        },
    )
    return [ToCount(*row) for row in found]


def to_count_key(row: ToCount) -> Sequence[str | int]:
    """A row's place in the order."""
    return [row.product_name, row.variation_id, row.batch_id]


def variance_lines(take: StockTake, wanted: LinesWanted, window: Window) -> Sequence[VarianceLine]:
    """The lines of a stock take beside the book, what differs most in money first."""
    size, item_id = window.after or (None, None)
    found = rows(
        # The other direction: what is largest comes first.
        _directed("queries/variance_lines", backwards=not window.backwards),
        {**_lines(take, wanted), "after_size": size, "after_id": item_id, "limit": window.limit},
    )
    return [VarianceLine(*row) for row in found]


def variance_key(line: VarianceLine) -> Sequence[str | int]:
    """A line's place in the order."""
    return [str(line.size), line.item_id]


def counted_lines(take: StockTake, window: Window) -> Sequence[CountedLine]:
    """The lines of a stock take without the book, in an order that tells nothing of it: as they were first counted."""
    (item_id,) = window.after or (None,)
    text = _directed("queries/counted_lines", backwards=window.backwards)
    values = {"stock_take_id": take.pk, "after_id": item_id, "limit": window.limit}
    return [CountedLine(*row) for row in rows(text, values)]


def counted_key(line: CountedLine) -> Sequence[str | int]:
    """A line's place in the order."""
    return [line.item_id]


def variance_summary(take: StockTake) -> VarianceSummary:
    """A stock take in figures."""
    values = {**_lines(take, LinesWanted()), "after_size": None, "after_id": None, "limit": None, **scope_of(take)}
    lines = _directed("queries/variance_lines", backwards=True)
    text = statement(SLICE, "queries/variance_summary").replace("{variance_lines}", lines)
    ((*figures, in_scope),) = rows(text, values)
    (count, counted, differing, awaiting, unapproved, book, net, absolute, net_value, absolute_value) = figures
    return VarianceSummary(
        lines=count,
        counted=counted,
        to_count=in_scope,
        differing=differing,
        awaiting_recount=awaiting,
        needing_approval=unapproved,
        book_units=book,
        net_units=net,
        absolute_units=absolute,
        net_value=net_value,
        absolute_value=absolute_value,
        accuracy_net=_accuracy(net, book),
        accuracy_absolute=_accuracy(absolute, book),
    )


def _accuracy(difference: Decimal, book: Decimal) -> Decimal | None:
    return None if book == 0 else round(1 - abs(difference) / book, 4)


def _lines(take: StockTake, wanted: LinesWanted) -> dict[str, object]:
    return {
        "stock_take_id": take.pk,
        "outlet_id": take.outlet_id,
        "item_ids": None if wanted.item_ids is None else list(wanted.item_ids),
        "only_differences": wanted.only_differences,
        "only_unapproved": wanted.only_unapproved,
        "tolerance_units": take.tolerance_units,
        "tolerance_value": take.tolerance_value,
    }


def _directed(name: str, *, backwards: bool) -> str:
    # Two words that differ with the direction of reading, and are none of the request's.
    text = statement(SLICE, name)
    return text.format(beyond="<", order="DESC") if backwards else text.format(beyond=">", order="ASC")
