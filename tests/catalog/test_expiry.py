"""Expiry dates as they are typed, and whether they can be true."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lotkeeper.catalog.policies import convert_to_base_units, expiry_warnings, month_or_date

TODAY = dt.date(2026, 11, 22)


def codes(
    expiry_date: dt.date | None, *, shelf_life: int | None = None, known: tuple[dt.date | None, ...] = ()
) -> list[str]:
    return [warning.code for warning in expiry_warnings(expiry_date, TODAY, shelf_life, known)]


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("03/2027", dt.date(2027, 3, 31)),
        ("3/2027", dt.date(2027, 3, 31)),
        (" 02-2028 ", dt.date(2028, 2, 29)),
        ("02.2027", dt.date(2027, 2, 28)),
        ("2027-03", dt.date(2027, 3, 31)),
        ("03/27", dt.date(2027, 3, 31)),
        ("2027-03-05", dt.date(2027, 3, 5)),
        ("05.03.2027", dt.date(2027, 3, 5)),
    ],
)
def test_months_and_days_are_read_as_people_write_them(text: str, date: dt.date) -> None:
    assert month_or_date(text) == date


@pytest.mark.parametrize(
    "text",
    ["", "03/04/2027", "13/2027", "00/2027", "2027-02-30", "2027", "03/0027", "9999-01", "soon", "٠٣/٢٠٢٧", "03/2027x"],
)
def test_what_is_no_such_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the sentence differs, the refusal does not
        month_or_date(text)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_typing_anything_gives_a_date_or_a_refusal(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(month_or_date(text), dt.date)


@pytest.mark.parametrize(
    ("expiry_date", "shelf_life", "expected"),
    [
        (dt.date(2026, 11, 22), 730, []),
        (dt.date(2027, 3, 31), 730, []),
        (None, 730, []),
        (dt.date(2026, 11, 21), 730, ["already_expired"]),
        (dt.date(2025, 11, 22), 730, ["already_expired"]),
        (dt.date(2025, 11, 21), 730, ["long_past"]),
        (dt.date(1926, 11, 30), 730, ["long_past"]),
        # 730 days, and a quarter of them, after today.
        (TODAY + dt.timedelta(days=912), 730, []),
        (TODAY + dt.timedelta(days=913), 730, ["beyond_shelf_life"]),
        # A short life still varies by a month.
        (TODAY + dt.timedelta(days=38), 7, []),
        (TODAY + dt.timedelta(days=39), 7, ["beyond_shelf_life"]),
        (TODAY + dt.timedelta(days=3653), None, []),
        (TODAY + dt.timedelta(days=3654), None, ["beyond_shelf_life"]),
        # 12 May, already past, is more likely 5 December.
        (dt.date(2026, 5, 12), 730, ["already_expired", "day_and_month_swapped"]),
        # 5 May is the same day both ways, and a 13th is no month.
        (dt.date(2026, 5, 5), 730, ["already_expired"]),
        (dt.date(2026, 5, 13), 730, ["already_expired"]),
        # The other reading is past as well, so it explains nothing.
        (dt.date(2026, 5, 6), 730, ["already_expired"]),
    ],
)
def test_a_date_is_doubted_for_its_reason_and_no_other(
    expiry_date: dt.date | None, shelf_life: int | None, expected: list[str]
) -> None:
    assert codes(expiry_date, shelf_life=shelf_life) == expected


def test_the_same_number_with_another_date_is_doubted() -> None:
    known = (dt.date(2027, 3, 31),)
    assert codes(dt.date(2027, 3, 31), known=known) == []
    assert codes(dt.date(2027, 4, 30), known=known) == ["same_number_other_date"]
    assert codes(None, known=known) == ["same_number_other_date"]
    assert codes(dt.date(2027, 4, 30), known=(None,)) == ["same_number_other_date"]
    assert codes(None, known=(None,)) == []


def test_day_and_month_are_compared_with_the_known_batch() -> None:
    assert codes(dt.date(2027, 5, 4), known=(dt.date(2027, 4, 5),)) == [
        "same_number_other_date",
        "day_and_month_swapped",
    ]


def test_the_sentence_names_the_date_that_may_be_meant() -> None:
    swapped = expiry_warnings(dt.date(2026, 5, 12), TODAY, None, ())[-1]
    assert swapped.sentence == "Day and month may be swapped: is it 2026-12-05?"


def test_a_box_of_nine_is_nine() -> None:
    assert convert_to_base_units(Decimal(3), 9) == Decimal(27)
    assert convert_to_base_units(Decimal("0.5"), 9) == Decimal("4.5")
    assert convert_to_base_units(Decimal("1.125"), 1) == Decimal("1.125")


@pytest.mark.parametrize("factor", [0, -1, True, 1.5])
def test_a_pack_without_a_whole_factor_is_a_mistake_of_the_program(factor: int) -> None:
    with pytest.raises(ValueError, match="whole number of units"):
        convert_to_base_units(Decimal(1), factor)


@settings(deadline=None)
@given(quantity=st.decimals(0, 10**6, places=3), factor=st.integers(1, 10**5))
def test_conversion_is_exact(quantity: Decimal, factor: int) -> None:
    assert convert_to_base_units(quantity, factor) / factor == quantity
