"""Tables out of files of every kind."""

from __future__ import annotations

import datetime as dt
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from lotkeeper.imports.errors import FileNotReadable
from lotkeeper.imports.tables import open_table

Write = Callable[[str, bytes], Path]
ROWS = (["sku", "name"], [(2, ["A1", "Käse"]), (3, ["A2", "Tee, grün"])])


def read(path: Path, **options: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    with open_table(path, **options) as table:
        return list(table.header), [(number, list(cells)) for number, cells in table.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_encoding_and_separator(write: Write, encoding: str, separator: str) -> None:
    text = f'sku{separator}name\r\nA1{separator}Käse\r\nA2{separator}"Tee, grün"\r\n'
    assert read(write("file.csv", text.encode(encoding))) == ROWS


@pytest.mark.parametrize(("ending", "pack"), [("xz", lzma.compress), ("gz", gzip.compress)])
def test_a_packed_file_is_unpacked_on_the_way(write: Write, ending: str, pack: Callable[[bytes], bytes]) -> None:
    content = 'sku,name\nA1,Käse\nA2,"Tee, grün"\n'.encode()
    assert read(write(f"file.csv.{ending}", pack(content))) == ROWS


def test_empty_rows_count_and_are_left_out(write: Write) -> None:
    assert read(write("file.csv", b"sku,name\n,\n\nA1,x\n")) == (["sku", "name"], [(4, ["A1", "x"])])


def test_a_workbook_gives_its_cells_as_they_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "file.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        workbook.add_worksheet("Notes").write_row(0, 0, ["nothing"])
        sheet = workbook.add_worksheet("Stock")
        sheet.write_row(0, 0, ["sku", "quantity", "cost", "expiry", "empty"])
        sheet.write_row(1, 0, [1001, 6.0, 0.1 + 0.2])
        sheet.write_datetime(1, 3, dt.date(2027, 3, 31), day)
    header, rows = read(path, sheet="Stock")
    assert header == ["sku", "quantity", "cost", "expiry", "empty"]
    assert rows == [(2, ["1001", "6", "0.3", "2027-03-31", ""])]
    assert read(path) == (["nothing"], [])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.csv", b""),
        ("blank.csv", b"\n\nsku,name\n"),
        ("broken.csv.xz", b"not xz at all"),
        ("broken.csv.gz", b"\x1f\x8b not gzip"),
        ("cut.csv.xz", lzma.compress(b"sku,name\n" + b"A1,x\n" * 1000)[:60]),
        ("broken.xlsx", b"PK\x03\x04 and no more"),
        ("quote.csv", b'sku,name\n"A1"x,y\n'),
        ("long.csv", b"sku,name\nA1," + b"x" * 200_000 + b"\n"),
    ],
)
def test_what_is_no_table_is_refused(write: Write, name: str, content: bytes) -> None:
    with pytest.raises(FileNotReadable) as refused:
        read(write(name, content))
    assert refused.value.detail.startswith(f"{name} cannot be read as a table: ")


def test_a_file_or_sheet_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotReadable):
        read(tmp_path / "nowhere.csv")
    path = tmp_path / "file.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        workbook.add_worksheet("Stock").write_row(0, 0, ["sku"])
    with pytest.raises(FileNotReadable, match="it has no sheet Prices, only Stock"):
        read(path, sheet="Prices")
