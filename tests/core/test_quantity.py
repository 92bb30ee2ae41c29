"""Exact numbers: what is taken, what is refused, and how they are shown."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotkeeper.core.quantity import InvalidNumber, Sign, json_number, money_from, money_text, quantity_from


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, "3"),
        (Decimal("3.000"), "3"),
        (Decimal("3.0000000000"), "3"),
        (Decimal("0.001"), "0.001"),
        (Decimal("1E+3"), "1000"),
        (Decimal("99999999999.999"), "99999999999.999"),
        (99999999999, "99999999999"),
    ],
)
def test_a_quantity_is_taken_exactly(value: int | Decimal, expected: str) -> None:
    assert str(quantity_from(value)) == expected


@pytest.mark.parametrize(
    "value",
    [
        0,
        -1,
        Decimal("-0.0"),
        True,
        None,
        "5",
        1.5,
        [1],
        {},
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        Decimal("1E+400"),
        Decimal("1E+999999999"),
        Decimal("1E-999999999"),
        Decimal("0.0001"),
        Decimal("1.0000000001"),
        Decimal("1.0000000000000000000000000000000000001"),
        10**11,
        10**4000,
        Decimal("100000000000.5"),
    ],
)
def test_what_is_no_quantity_is_refused(value: object) -> None:
    with pytest.raises(InvalidNumber):
        quantity_from(value)


def test_a_variation_counted_in_pieces_takes_whole_numbers_only() -> None:
    assert quantity_from(Decimal("2.0"), decimals=0) == 2
    with pytest.raises(InvalidNumber, match="whole number"):
        quantity_from(Decimal("2.5"), decimals=0)


@pytest.mark.parametrize(
    ("sign", "taken", "refused"),
    [(Sign.POSITIVE, 1, 0), (Sign.NOT_NEGATIVE, 0, -1), (Sign.NOT_ZERO, -1, 0)],
)
def test_the_sign_that_makes_sense(sign: Sign, taken: int, refused: int) -> None:
    assert quantity_from(taken, sign=sign) == taken
    with pytest.raises(InvalidNumber):
        quantity_from(refused, sign=sign)


@given(st.integers(-(10**14) + 1, 10**14 - 1))
def test_every_quantity_of_the_database_comes_back_as_it_went_in(thousandths: int) -> None:
    quantity = Decimal(thousandths).scaleb(-3)
    taken = quantity_from(quantity, sign=Sign.NOT_ZERO) if thousandths else Decimal(0)
    assert taken == quantity
    assert Decimal(repr(json_number(quantity))) == quantity


@given(st.decimals(allow_nan=True, allow_infinity=True) | st.integers() | st.floats() | st.text() | st.none())
def test_a_number_is_kept_exactly_or_refused(value: object) -> None:
    try:
        taken = quantity_from(value, sign=Sign.NOT_NEGATIVE)
    except InvalidNumber:
        return
    assert taken == value


@pytest.mark.parametrize(("number", "shown"), [("3.000", 3), ("0.500", 0.5), ("-2.000", -2), ("0", 0), ("1E+2", 100)])
def test_numbers_are_shown_as_people_write_them(number: str, shown: float) -> None:
    assert repr(json_number(Decimal(number))) == repr(shown)


@pytest.mark.parametrize(
    ("amount", "text"),
    [("4.5000", "4.50"), ("0.0125", "0.0125"), ("12", "12.00"), ("0", "0.00"), ("1E+2", "100.00"), ("-3.1", "-3.10")],
)
def test_money_is_shown_with_two_decimals_or_as_many_as_it_has(amount: str, text: str) -> None:
    assert money_text(Decimal(amount)) == text


def test_money_is_not_negative_and_has_four_decimals() -> None:
    assert money_from(Decimal("0.0001")) == Decimal("0.0001")
    assert money_from(0) == 0
    for value in (Decimal("-0.01"), Decimal("0.00001"), 10**10, "4.50", True):
        with pytest.raises(InvalidNumber):
            money_from(value)
