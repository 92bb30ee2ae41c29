"""What is wrong with an old stock: each kind of fault with a sentence for the shopkeeper and what to do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from lotkeeper.legacy.policies import findings
from lotkeeper.legacy.policies.findings import Finding
from lotkeeper.legacy.policies.rows import OldStock


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault, and every row it was found in."""

    code: str
    title: str
    sentence: str
    advice: str
    columns: tuple[str, ...]
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The faults that were found, and what could not be looked at."""

    faults: Sequence[Fault]
    not_looked_at: Sequence[str]

    @property
    def count(self) -> int:
        """How many rows were found in all."""
        return sum(len(fault.findings) for fault in self.faults)


@dataclass(frozen=True, slots=True)
class _Kind:
    code: str
    title: str
    sentence: str
    advice: str
    columns: tuple[str, ...]
    find: Callable[[OldStock, dt.date], Iterator[Finding]]


def find_faults(old: OldStock, *, today: dt.date, pictures: Container[str] | None) -> Diagnosis:
    """Look for every kind of fault.

    Args:
        old: the old stock.
        today: decides what is expired.
        pictures: the names of the picture files that are there; None if nobody said where they lie.
    """
    found = [
        Fault(kind.code, kind.title, kind.sentence, kind.advice, kind.columns, shows_in)
        for kind in _KINDS
        if (shows_in := list(kind.find(old, today)))
    ]
    not_looked_at = []
    if pictures is None:
        not_looked_at.append("Pictures: nobody said where their files lie (--media).")
    elif lost := list(findings.missing_pictures(old, pictures)):
        found.append(Fault(*_MISSING_PICTURES, lost))
    if not old.keeps_product_stock:
        not_looked_at.append("Stock figures of products: products_product keeps none.")
    return Diagnosis(found, not_looked_at)


_BATCH = ("batch", "number", "product", "outlet")
_MOVEMENT = ("movement", "kind", "quantity", "day")


_MISSING_PICTURES = (
    "missing_pictures",
    "Pictures whose file is missing",
    "The product names a picture, and there is no such file; pages that insist on it break.",
    "Nothing for the stock: pictures are optional in Lotkeeper, and a product without one shows a placeholder.",
    ("product", "name", "file"),
)
_KINDS = (
    _Kind(
        "stock_differs",
        "The product's stock is not the sum of its batches",
        "The old system kept two figures for the same shelf, and they have drifted apart.",
        "Count these products, or decide which figure to trust: --trust batches or --trust product-stock.",
        ("product", "name", "stock of the product", "sum of batches", "difference"),
        findings.differing_stock,
    ),
    _Kind(
        "negative_batches",
        "Batches that hold less than nothing",
        "More was taken from the batch than it held: goods were sold from another batch than the one that was booked.",
        "Count every batch of these products. A negative batch is brought over as nothing.",
        (*_BATCH, "quantity"),
        findings.negative_batches,
    ),
    _Kind(
        "expired_on_sale",
        "Expired stock that is still on sale",
        "The printed date has passed and the old system still counts the goods as stock.",
        "Take the goods off the shelf. They are brought over, are never sold there, and are written off as expired.",
        (*_BATCH, "quantity", "expired"),
        findings.expired_batches,
    ),
    _Kind(
        "duplicate_batches",
        "The same batch more than once",
        "One number of one product stands twice at an outlet, so nobody knows which of the rows the shelf is.",
        "Count them together. Rows with the same date and cost become one batch, others stay apart.",
        (*_BATCH, "quantity", "expiry"),
        findings.duplicate_batches,
    ),
    _Kind(
        "batches_without_a_place",
        "Batches of no product, no outlet, or another business",
        "The product or outlet of the batch was deleted, or belongs to another business than the batch.",
        "They are not brought over. Where the goods exist, receive them by hand.",
        (*_BATCH, "quantity"),
        findings.batches_without_a_place,
    ),
    _Kind(
        "batches_without_movements",
        "Batches that hold stock nobody booked",
        "There is a quantity and not one movement that says where it came from.",
        "Compare with the delivery notes, or count them.",
        (*_BATCH, "quantity"),
        findings.batches_without_movements,
    ),
    _Kind(
        "balance_not_derivable",
        "Adjustments without a sign",
        "Two more and two less were written as the same row, so movements leave a range and no figure.",
        "Nothing can be worked out here: count these batches, or trust the quantity that stands on them.",
        (*_BATCH, "quantity", "at least", "at most"),
        findings.balances_not_derivable,
    ),
    _Kind(
        "left_without_movement",
        "Stock that left without a line",
        "The batch holds less than all of its movements together can explain: something was sold or taken unbooked.",
        "Look for sales that were not booked, then count these batches.",
        (*_BATCH, "quantity", "at least", "at most", "missing"),
        findings.stock_that_left_unseen,
    ),
    _Kind(
        "came_without_movement",
        "Stock that came without a line",
        "The batch holds more than all of its movements together can explain: something came in unbooked.",
        "Compare with the delivery notes, then count these batches.",
        (*_BATCH, "quantity", "at least", "at most", "unexplained"),
        findings.stock_that_came_unseen,
    ),
    _Kind(
        "orphaned_movements",
        "Movements of batches that are gone",
        "The batch was deleted and its history stayed behind, belonging to nothing.",
        "Nothing to do for the stock; keep the old database as the record of these.",
        (*_MOVEMENT, "batch", "product"),
        findings.orphaned_movements,
    ),
    _Kind(
        "movements_of_other_businesses",
        "Movements of another business's batch",
        "One business's movement changed the stock of another.",
        "Both businesses count the batch. Lotkeeper's database refuses this.",
        (*_MOVEMENT, "batch", "business of the movement", "business of the batch"),
        findings.movements_of_other_businesses,
    ),
    _Kind(
        "movements_elsewhere",
        "Movements that name another product or outlet than their batch",
        "Reports by product or outlet and reports by batch tell different stories.",
        "Count the batch, and what the movement names.",
        (*_MOVEMENT, "batch", "the movement says", "the batch says"),
        findings.movements_elsewhere,
    ),
    _Kind(
        "sold_expired",
        "Goods sold after their date",
        "The sale was booked on a later day than the one printed on the goods.",
        "See whether customers have to be told. Nothing to do for the stock.",
        (*_MOVEMENT, "number", "expired"),
        findings.expired_sales,
    ),
    _Kind(
        "sold_out_of_order",
        "A later batch sold while an earlier one stood there",
        "Goods that expire sooner were on the shelf and stayed there.",
        "Sell the earlier batch next; Lotkeeper picks it by itself.",
        (*_MOVEMENT, "sold from", "stood there", "which expires"),
        findings.sales_out_of_order,
    ),
)
