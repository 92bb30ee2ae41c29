"""What the columns of a table are called, and how a row becomes a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from lotkeeper.imports.policies.cells import InvalidCell

Row = TypeVar("Row")

#: How many different texts of one column are remembered: most tables repeat their words.
_REMEMBERED = 200_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, what else it may be called, and what its cells say."""

    name: str
    read: Callable[[str], object]
    required: bool = False
    also: tuple[str, ...] = ()
    #: What an empty cell means.
    empty: object = None


@dataclass(frozen=True, slots=True)
class Layout(Generic[Row]):
    """The columns of one kind of file, and the row they make together."""

    columns: tuple[Column, ...]
    make: Callable[..., Row]
    #: The column that holds rows together: what is wrong with one of them is wrong with all.
    document: str | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong with one row: its number as a spreadsheet shows it, the column, the text there, and why."""

    row: int
    column: str
    text: str
    why: str


class HeaderDoesNotFit(ValueError):
    """A column that every row needs is missing, or one is there twice."""


@dataclass(slots=True)
class Reading(Generic[Row]):
    """A table as it was understood: the rows with their numbers, what is wrong, and the columns nobody asked for."""

    rows: list[tuple[int, Row]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    #: The documents of which a row is wrong.
    broken: set[str] = field(default_factory=set)
    #: How many rows the table has, right or wrong.
    count: int = 0


def read_rows(layout: Layout[Row], header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> Reading[Row]:
    """Understand every row of a table; what cannot be understood is told and left out.

    Raises:
        HeaderDoesNotFit: before any row is read.
    """
    places = _places(layout.columns, header)
    known = {place for place in places if place is not None}
    reading: Reading[Row] = Reading(ignored=tuple(name for i, name in enumerate(header) if i not in known and name))
    readers = [_Reader(column, place, header) for column, place in zip(layout.columns, places, strict=True)]
    documents = [place for column, place in zip(layout.columns, places, strict=True) if column.name == layout.document]
    make, width, append = layout.make, len(header), reading.rows.append
    for number, cells in rows:
        reading.count += 1
        # Nearly every row is sound, and its cells were seen before.
        try:
            if len(cells) == width:
                append((number, make(*[reader.remembered[cells[reader.place]] for reader in readers])))
                continue
        except KeyError:
            pass
        values, wrong = _read_row(number, cells, width, readers)
        if not wrong:
            append((number, make(*values)))
            continue
        reading.errors += wrong
        reading.broken |= {cells[place].strip() for place in documents if place is not None and place < len(cells)}
    return reading


def _read_row(
    number: int, cells: Sequence[str], width: int, readers: Sequence[_Reader]
) -> tuple[list[object], list[RowError]]:
    wrong = list(_ragged(number, cells, width))
    values: list[object] = []
    for reader in readers:
        text = cells[reader.place] if reader.place < len(cells) else ""
        try:
            values.append(reader.value(text))
        except InvalidCell as error:
            wrong.append(RowError(number, reader.name, text[:80], str(error)))
    return values, wrong


class _Reader:
    """Reads the cells of one column, each different text once; a column that is not there reads as empty."""

    def __init__(self, column: Column, place: int | None, header: Sequence[str]) -> None:
        self.column = column
        self.place = 0 if place is None else place
        self.name = column.name if place is None else header[place]
        self.remembered: dict[str, object] = {} if place is not None else _Always(column.empty)

    def value(self, text: str) -> object:
        stripped = text.strip()
        if isinstance(self.remembered, _Always) or (not stripped and not self.column.required):
            value = self.column.empty
        elif stripped:
            value = self.column.read(stripped)
        else:
            raise InvalidCell("is empty")
        if len(self.remembered) < _REMEMBERED:
            self.remembered[text] = value
        return value


class _Always(dict[str, object]):
    """The same for every text, and never longer."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value

    def __missing__(self, text: str) -> object:
        return self.value

    def __setitem__(self, text: str, value: object) -> None:
        """Nothing is remembered."""


def _places(columns: Sequence[Column], header: Sequence[str]) -> list[int | None]:
    words = [_word(name) for name in header]
    places: list[int | None] = []
    for column in columns:
        names = [_word(name) for name in (column.name, *column.also)]
        found = [i for i, word in enumerate(words) if word in names]
        if len(found) > 1:
            message = f"The column {column.name} is there {len(found)} times."
            raise HeaderDoesNotFit(message)
        if not found and column.required:
            message = f"There is no column {column.name} (or {', '.join(column.also) or 'by another name'})."
            raise HeaderDoesNotFit(message)
        places.append(found[0] if found else None)
    return places


def _word(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _ragged(number: int, cells: Sequence[str], width: int) -> Iterator[RowError]:
    if any(cell.strip() for cell in cells[width:]):
        yield RowError(number, "", cells[width][:80], f"has {len(cells)} cells, the header {width}")
