"""What every plan has in common."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TypeVar

from lotkeeper.accounts.policies import Actor
from lotkeeper.imports.errors import ColumnsMissing
from lotkeeper.imports.operations import Tally, post_chunk
from lotkeeper.imports.policies.cells import DateOrder
from lotkeeper.imports.policies.columns import HeaderDoesNotFit, Layout, Reading, RowError, read_rows
from lotkeeper.imports.policies.documents import Chunk
from lotkeeper.imports.queries import Known, Place
from lotkeeper.imports.tables import open_table

Row = TypeVar("Row")
Item = TypeVar("Item")

#: Told with every step: how many lines are done.
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for, beside the file."""

    path: Path
    sheet: str | None = None
    outlet: str | None = None
    dates: DateOrder | None = None
    create_products: bool = False


@dataclass(slots=True)
class Result:
    """What was done, in sentences, and what was refused, by row."""

    sentences: list[str] = field(default_factory=list)
    refused: list[RowError] = field(default_factory=list)


class Plan(ABC):
    """An import that is ready to be done."""

    row_count: int
    #: How many lines there are to post, for the progress bar.
    line_count: int
    errors: list[RowError]
    notes: list[str]
    #: The first rows as they were understood, under their columns.
    sample_header: Sequence[str]
    sample: Sequence[Sequence[object]]

    @abstractmethod
    def apply(self, progress: Progress) -> Result:
        """Do it; what was done before is left as it is."""


def read_file(options: Options, layout: Layout[Row]) -> Reading[Row]:
    """The file, understood row by row.

    Raises:
        FileNotReadable, ColumnsMissing: if it is no such table.
    """
    with open_table(options.path, sheet=options.sheet) as table:
        try:
            return read_rows(layout, table.header, table.rows)
        except HeaderDoesNotFit as error:
            raise ColumnsMissing(why=str(error), header=", ".join(table.header)) from error


def ignored_note(reading: Reading[Row]) -> list[str]:
    """Which columns are not used."""
    return [f"Columns not used: {', '.join(reading.ignored)}."] if reading.ignored else []


def check_sku(row: int, sku: str, quantity: Decimal, variations: Mapping[str, Known]) -> RowError | None:
    """What is wrong with a SKU or with how exactly a quantity of it is given."""
    known = variations.get(sku)
    if known is None:
        return RowError(row, "sku", sku, "is no SKU here; import the products first")
    if quantity != round(quantity, known.decimals):
        return RowError(row, "quantity", f"{quantity:f}", f"has more than the {known.decimals} decimals of {sku}")
    return None


def check_outlet(row: int, outlet: str | None, places: Mapping[str | None, Place]) -> RowError | None:
    """What is wrong with the outlet that a row names, or does not name."""
    if outlet in places:
        return None
    why = "is no open outlet here" if outlet else "names no outlet, and there is more than one; say --outlet"
    return RowError(row, "outlet", outlet or "", why)


def post_documents(  # what post_chunk needs, and the progress
    *,
    actor: Actor,
    places: Mapping[str | None, Place],
    variations: Mapping[str, Known],
    chunks: Iterable[Chunk],
    progress: Progress,
) -> tuple[Tally, float]:
    """Post chunk after chunk; gives what became of the documents, and how many seconds it took."""
    tally = Tally()
    sales: dict[str, int] = {}
    started = time.perf_counter()
    for chunk in chunks:
        tally.add(post_chunk(actor=actor, place=places[chunk.outlet], variations=variations, chunk=chunk, sales=sales))
        progress(chunk.line_count)
    return tally, time.perf_counter() - started


def told(tally: Tally, what: str, seconds: float | None = None) -> Result:
    """What became of documents, for people."""
    rate = f", {tally.posted_lines / seconds:.0f} lines a second" if seconds and tally.posted_lines else ""
    sentences = [f"Posted: {tally.posted} {what} with {tally.posted_lines} lines{rate}."]
    if tally.replayed:
        sentences.append(f"Posted before, left as they were: {tally.replayed} {what}, {tally.replayed_lines} lines.")
    if tally.refused:
        sentences.append(f"Refused: {len(tally.refused)} {what}, {tally.refused_lines} lines.")
    refused = [RowError(row, "", each.reference, each.why) for each in tally.refused for row in each.rows]
    return Result(sentences, refused)


def pieces(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of at most so many."""
    iterator = iter(items)
    while piece := list(islice(iterator, size)):
        yield piece
