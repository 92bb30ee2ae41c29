"""The old stock out of its tables, every value understood or refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lotkeeper.legacy.errors import NotTheOldSchema, OldStockNotReadable
from lotkeeper.legacy.policies import schema
from lotkeeper.legacy.policies.rows import OldStock
from lotkeeper.legacy.policies.schema import InvalidValue, OldColumn, OldTable
from lotkeeper.legacy.queries.sources import Source


def read_old_stock(source: Source) -> OldStock:
    """Everything that stock depends on.

    Raises:
        NotTheOldSchema: if a table or column is missing, before any row is read.
        OldStockNotReadable: if a value is not what its column should hold.
    """
    there = [(table, *_found(source, table)) for table in schema.TABLES]
    missing = [sentence for table, name, columns in there for sentence in _missing(table, name, columns)]
    if missing:
        raise NotTheOldSchema(source=source.name, missing="; ".join(missing))
    rows = {table.names: list(_rows(source, table, name, columns)) for table, name, columns in there}

    def by_id(table: OldTable) -> dict[int, Any]:
        return {row.id: row for row in rows[table.names]}

    return OldStock(
        tenants=by_id(schema.TENANTS),
        outlets=by_id(schema.OUTLETS),
        categories=by_id(schema.CATEGORIES),
        products=by_id(schema.PRODUCTS),
        variations=by_id(schema.VARIATIONS),
        batches=by_id(schema.BATCHES),
        movements=rows[schema.MOVEMENTS.names],
    )


def picture_names(folder: Path) -> frozenset[str]:
    """The files below the folder of uploads, named as the old database names them.

    Raises:
        OldStockNotReadable: if there is no such folder.
    """
    if not folder.is_dir():
        raise OldStockNotReadable(source=str(folder), why="there is no such folder")
    return frozenset(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _found(source: Source, table: OldTable) -> tuple[str, Sequence[str]]:
    """The name that the table has there, and its columns; none if it is not there."""
    for name in table.names:
        columns = source.columns(name)
        if columns:
            return name, columns
    return table.names[0], ()


def _missing(table: OldTable, name: str, columns: Sequence[str]) -> Iterator[str]:
    if not columns:
        if table.required:
            yield f"there is no table {name}"
        return
    for column in table.columns:
        if column.required and _called(column, columns) is None:
            yield f"{name} has no column {column.name}"


def _called(column: OldColumn, columns: Sequence[str]) -> str | None:
    return next((name for name in (column.name, *column.also) if name in columns), None)


def _rows(source: Source, table: OldTable, name: str, columns: Sequence[str]) -> Iterator[Any]:
    if not columns:
        return
    called = [_called(column, columns) for column in table.columns]
    asked = [column for column in called if column is not None]
    places = [None if column is None else asked.index(column) for column in called]
    for cells in source.rows(name, asked):
        values = [None if place is None else cells[place] for place in places]
        yield table.make(*_understood(source, table, name, values))


def _understood(source: Source, table: OldTable, name: str, values: Sequence[object]) -> Iterator[object]:
    for column, value in zip(table.columns, values, strict=True):
        try:
            yield column.read(value)
        except InvalidValue as error:
            why = f"{column.name} of row {values[0]} in {name} {error} ({str(value)[:80]!r})"
            raise OldStockNotReadable(source=source.name, why=why) from None
