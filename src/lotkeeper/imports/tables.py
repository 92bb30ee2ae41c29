"""Reading a table from a file: CSV or XLSX, plain or packed with xz or gzip, whatever its encoding and separator."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import gzip
import io
import lzma
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast

from python_calamine import CalamineError, load_workbook

from lotkeeper.imports.errors import FileNotReadable

_SEPARATORS: Final = ",;\t|"
_XLSX_MAGIC: Final = b"PK\x03\x04"
_FIRST_ROWS_BYTES: Final = 64 * 1024
_Stream: TypeAlias = "io.BufferedReader[io.RawIOBase]"
_UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


# What is not UTF-8 comes from an older Excel: bytes that UTF-8 does not know are read as Windows-1252, one by one, so
# that a table need not be read twice to find out.
codecs.register_error("lotkeeper-cp1252", _as_windows_1252)


@dataclass(frozen=True, slots=True)
class Table:
    """A header and its rows, each with its number as a spreadsheet shows it (the header is row 1)."""

    header: Sequence[str]
    rows: Iterator[tuple[int, Sequence[str]]]


@contextmanager
def open_table(path: Path, *, sheet: str | None = None) -> Iterator[Table]:
    """A table from a file, read while it is walked through.

    Args:
        path: a ``.csv`` (also ``.tsv``, ``.txt``) or ``.xlsx`` file; ``.xz`` and ``.gz`` are unpacked on the way.
        sheet: of a workbook with several sheets, which one; the first by default.

    Raises:
        FileNotReadable: if it is no table, also while it is walked through.
    """
    try:
        with _unpacked(path) as stream:
            start = stream.peek(_FIRST_ROWS_BYTES)
            if start.startswith(_XLSX_MAGIC):
                yield _table(path, _sheet_rows(path, stream, sheet))
            else:
                yield _table(path, _text_rows(stream, start))
    except (OSError, EOFError, lzma.LZMAError, csv.Error, CalamineError, UnicodeError) as error:
        raise FileNotReadable(name=path.name, why=str(error) or type(error).__name__) from error


@contextmanager
def _unpacked(path: Path) -> Iterator[_Stream]:
    match path.suffix.lower():
        case ".xz":
            opened: lzma.LZMAFile | gzip.GzipFile | io.FileIO = lzma.LZMAFile(path)  # noqa: SIM115  # below
        case ".gz":
            opened = gzip.GzipFile(path, "rb")
        case _:
            opened = io.FileIO(path)
    with opened as packed, io.BufferedReader(cast("io.RawIOBase", packed), _FIRST_ROWS_BYTES) as stream:
        yield stream


def _table(path: Path, rows: Iterator[Sequence[str]]) -> Table:
    header = next(rows, None)
    if header is None or not any(cell.strip() for cell in header):
        raise FileNotReadable(name=path.name, why="its first row, which should name the columns, is empty")
    numbered = ((number, cells) for number, cells in enumerate(rows, 2) if any(cell.strip() for cell in cells))
    return Table([cell.strip() for cell in header], numbered)


def _text_rows(stream: _Stream, start: bytes) -> Iterator[Sequence[str]]:
    encoding = "utf-16" if start.startswith(_UTF16_MARKS) else "utf-8-sig"
    text = io.TextIOWrapper(stream, encoding, errors="lotkeeper-cp1252", newline="")
    first_line = start.decode(encoding, "replace").split("\n", 1)[0]
    return csv.reader(text, delimiter=max(_SEPARATORS, key=first_line.count), strict=True)


def _sheet_rows(path: Path, stream: _Stream, sheet: str | None) -> Iterator[Sequence[str]]:
    with load_workbook(io.BytesIO(stream.read())) as workbook:
        names = workbook.sheet_names
        if sheet is not None and sheet not in names:
            raise FileNotReadable(name=path.name, why=f"it has no sheet {sheet}, only {', '.join(names)}")
        for cells in workbook.get_sheet_by_name(sheet or names[0]).iter_rows():
            yield [_cell_text(cell) for cell in cells]


def _cell_text(cell: object) -> str:
    """A cell of a sheet as it is shown there: 6 and not 6.0, 0.3 and not 0.30000000000000004."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return f"{cell:.15g}"
    if isinstance(cell, dt.date):
        return cell.isoformat()
    return str(cell)
