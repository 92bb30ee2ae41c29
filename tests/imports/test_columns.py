"""Rows out of tables."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from lotkeeper.imports.policies.columns import HeaderDoesNotFit, RowError, read_rows
from lotkeeper.imports.policies.layouts import OPENING_STOCK, OpeningRow, sales

ROW = OpeningRow("A1", None, "L-1", dt.date(2027, 3, 31), Decimal(6), Decimal("2.5"))


def test_columns_are_known_by_their_other_names_in_any_order() -> None:
    header = ["Lot No", "Best before", "QTY", "cost-price", "Stock Code", "Colour"]
    reading = read_rows(OPENING_STOCK, header, [(2, ["L-1", "2027-03", "6", "2.5", " A1 ", "red"])])
    assert reading.rows == [(2, ROW._replace(expiry_date=dt.date(2027, 3, 31)))]
    assert reading.ignored == ("Colour",)
    assert reading.errors == []


def test_every_wrong_cell_of_a_row_is_told_and_the_row_left_out() -> None:
    header = ["sku", "batch", "quantity", "expiry"]
    rows = [(2, ["A1", "L-1", "6", "2027-03"]), (3, ["", "L-2", "0", "soon"]), (4, ["A1", "L-1", "6", "2027-03", "x"])]
    reading = read_rows(OPENING_STOCK, header, rows)
    assert reading.rows == [(2, ROW._replace(unit_cost=None))]
    assert reading.count == 3
    assert reading.errors == [
        RowError(3, "sku", "", "is empty"),
        RowError(3, "expiry", "soon", "write the day as 2027-03-31 or the month as 03/2027"),
        RowError(3, "quantity", "0", "must be greater than 0"),
        RowError(4, "", "x", "has 5 cells, the header 4"),
    ]


def test_a_row_that_ends_early_has_empty_cells() -> None:
    reading = read_rows(OPENING_STOCK, ["sku", "batch", "quantity", "expiry"], [(2, ["A1", "L-1", "6"])])
    assert reading.rows == [(2, ROW._replace(unit_cost=None, expiry_date=None))]


def test_the_document_of_a_wrong_row_is_remembered() -> None:
    header = ["invoice", "sku", "quantity", "date"]
    rows = [(2, ["R1", "A1", "1", "2026-01-01"]), (3, ["R1", "A2", "none", "2026-01-01"])]
    reading = read_rows(sales(None), header, rows)
    assert reading.broken == {"R1"}
    assert [number for number, _ in reading.rows] == [2]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (["sku", "quantity"], "There is no column batch_number (or batch, lot, batch no, lot number, lot no)."),
        (["sku", "article", "batch", "quantity"], "The column sku is there 2 times."),
    ],
)
def test_a_header_that_does_not_fit_is_refused(header: list[str], why: str) -> None:
    with pytest.raises(HeaderDoesNotFit) as refused:
        read_rows(OPENING_STOCK, header, [])
    assert str(refused.value) == why
