"""What a cell says."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from lotkeeper.imports.policies import cells
from lotkeeper.imports.policies.cells import DateOrder, InvalidCell


@pytest.mark.parametrize(
    ("text", "number"), [("6", "6"), ("6.0", "6"), ("2.55", "2.55"), ("2,5", "2.5"), ("+3", "3"), ("12.500", "12.5")]
)
def test_a_quantity_is_read_exactly(text: str, number: str) -> None:
    assert cells.quantity(text) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0", "must be greater than 0"),
        ("-1", "must be greater than 0"),
        ("1.0001", "must have at most 3 decimals"),
        ("1,234", "could be a thousand or a decimal; write it with a point or without"),
        ("1.234,5", "is not a number"),
        ("six", "is not a number"),
        ("1e3", "is not a number"),
        ("NaN", "is not a number"),
        ("٣", "is not a number"),
        ("123456789012", "must have at most 11 digits before the decimal point"),
    ],
)
def test_what_is_no_quantity_is_told_why(text: str, why: str) -> None:
    with pytest.raises(InvalidCell) as refused:
        cells.quantity(text)
    assert str(refused.value) == why


def test_money_and_whole_numbers_are_not_negative() -> None:
    assert cells.money("0.0125") == Decimal("0.0125")
    assert cells.whole_number("30") == 30
    for read, text in [
        (cells.money, "-1"),
        (cells.money, "0.00001"),
        (cells.whole_number, "-1"),
        (cells.whole_number, "1.5"),
    ]:
        with pytest.raises(InvalidCell):
            read(text)


@pytest.mark.parametrize(
    ("text", "order", "moment"),
    [
        ("2010-12-01T08:26", None, "2010-12-01T08:26:00"),
        ("2010-12-01 08:26:30", None, "2010-12-01T08:26:30"),
        ("2010-12-01", None, "2010-12-01T00:00:00"),
        ("1.12.2010 8:26", None, "2010-12-01T08:26:00"),
        ("12/1/2010 8:26", DateOrder.MONTH_FIRST, "2010-12-01T08:26:00"),
        ("12/1/2010", DateOrder.DAY_FIRST, "2010-01-12T00:00:00"),
    ],
)
def test_a_moment_is_what_the_clock_on_the_wall_showed(text: str, order: DateOrder | None, moment: str) -> None:
    assert cells.instants(order)(text) == dt.datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("12/1/2010", "is two days in two countries; say which with --dates day-first or month-first"),
        ("2010-02-30", "is not a day there ever was"),
        ("2010-12-01 25:00", "is not a day there ever was"),
        ("yesterday", "is not a date such as 2027-03-31 or 2027-03-31 14:05"),
    ],
)
def test_what_is_no_moment_is_told_why(text: str, why: str) -> None:
    with pytest.raises(InvalidCell) as refused:
        cells.instants(None)(text)
    assert str(refused.value) == why


def test_an_expiry_date_may_be_a_month_and_a_sheet_keeps_days_as_midnight() -> None:
    assert cells.expiry("03/2027") == dt.date(2027, 3, 31)
    assert cells.expiry("2027-03-15T00:00:00") == dt.date(2027, 3, 15)
    with pytest.raises(InvalidCell, match="write the day as 2027-03-31"):
        cells.expiry("03/04/2027")


def test_texts_are_bounded_and_printable() -> None:
    assert cells.text_up_to(5)("Käse") == "Käse"
    with pytest.raises(InvalidCell, match="more than 5 characters"):
        cells.text_up_to(5)("cheese")
    with pytest.raises(InvalidCell, match="cannot be kept"):
        cells.text_up_to(5)("a\x00b")
