"""Three kinds of old database: PostgreSQL, a SQLite file, a folder of tables as CSV files. All are only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

from lotkeeper.imports.tables import open_table
from lotkeeper.legacy.errors import OldStockNotReadable

_SQLITE_ENDINGS = (".sqlite3", ".sqlite", ".db")


class Source(Protocol):
    """Tables that can be read."""

    #: How it is called to people: without a password.
    name: str

    def columns(self, table: str) -> Sequence[str]:
        """The columns of a table; none if it is not there."""

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[object]]:
        """The rows of a table with just these columns, in the order of their numbers as far as the source has one."""


@contextmanager
def open_source(address: str) -> Iterator[Source]:
    """The old database at an address, as it stands at one moment.

    Args:
        address: ``postgresql://…``, a SQLite file, or a folder with one or with CSV files named after the tables.

    Raises:
        OldStockNotReadable, FileNotReadable: if there is none, also while it is read.
    """
    if address.startswith(("postgresql://", "postgres://")):
        with _postgresql(address) as source:
            yield source
        return
    path = Path(address)
    if path.is_dir():
        files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in _SQLITE_ENDINGS]
        if len(files) > 1:
            raise OldStockNotReadable(source=path.name, why=f"it holds {len(files)} databases; name one of them")
        if not files:
            yield _Dumps(path)
            return
        path = files[0]
    if not path.is_file():
        raise OldStockNotReadable(source=address, why="there is no such file or folder")
    with _sqlite(path) as source:
        yield source


@contextmanager
def _postgresql(address: str) -> Iterator[Source]:
    name = "The database"
    try:
        with psycopg.connect(address) as connection:
            name = f"The database {connection.info.dbname}"
            # One moment for all tables, although the old system may still be selling.
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield _PostgreSQL(name, connection)
    except psycopg.Error as error:
        raise OldStockNotReadable(source=name, why=str(error).strip().splitlines()[0]) from error


@contextmanager
def _sqlite(path: Path) -> Iterator[Source]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("BEGIN")
            yield _SQLite(path.name, connection)
    except sqlite3.Error as error:
        raise OldStockNotReadable(source=path.name, why=str(error)) from error


class _PostgreSQL:
    def __init__(self, name: str, connection: psycopg.Connection) -> None:
        self.name = name
        self._connection = connection

    def columns(self, table: str) -> Sequence[str]:
        found = self._connection.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND table_schema = ANY (current_schemas(false))",
            [table],
        )
        return [name for (name,) in found]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[object]]:
        statement = sql.SQL("SELECT {} FROM {} ORDER BY id").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
        )
        with self._connection.cursor(name="old_stock") as cursor:
            yield from cursor.execute(statement)


class _SQLite:
    def __init__(self, name: str, connection: sqlite3.Connection) -> None:
        self.name = name
        self._connection = connection

    def columns(self, table: str) -> Sequence[str]:
        return [name for (name,) in self._connection.execute("SELECT name FROM pragma_table_info(?)", [table])]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[object]]:
        chosen = ", ".join(f'"{column}"' for column in columns)
        yield from self._connection.execute(f'SELECT {chosen} FROM "{table}" ORDER BY id')  # noqa: S608  # our own names


class _Dumps:
    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self._folder = folder

    def columns(self, table: str) -> Sequence[str]:
        path = self._folder / f"{table}.csv"
        if not path.is_file():
            return []
        with open_table(path) as opened:
            return opened.header

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[Sequence[object]]:
        with open_table(self._folder / f"{table}.csv") as opened:
            places = [opened.header.index(column) for column in columns]
            for row, cells in opened.rows:
                if len(cells) != len(opened.header):
                    why = f"row {row} of {table}.csv has {len(cells)} cells, the header {len(opened.header)}"
                    raise OldStockNotReadable(source=self.name, why=why)
                yield [cells[place] for place in places]
