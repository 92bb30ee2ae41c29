"""Exact numbers: how much stock, and how much money. Pure; rounding happens nowhere but where it is named.

Numbers arrive as int or Decimal, never as float: a float has already lost what was typed.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

#: As ``numeric(14, 3)`` in the database: eleven digits before the point, three behind it.
QUANTITY_DIGITS = 14
QUANTITY_DECIMALS = 3
#: As ``numeric(14, 4)``: a unit cost may need more than cents.
MONEY_DIGITS = 14
MONEY_DECIMALS = 4
MONEY_SHOWN_DECIMALS = 2
MAX_ID = 2**63 - 1


class InvalidNumber(ValueError):
    """The value is not a number that can be kept exactly; the message says why."""


class Sign(StrEnum):
    """Which numbers make sense: most requests name an amount, an adjustment a difference."""

    POSITIVE = "positive"
    NOT_NEGATIVE = "not_negative"
    NOT_ZERO = "not_zero"


_SIGN_SENTENCES = {
    Sign.POSITIVE: "Must be greater than 0.",
    Sign.NOT_NEGATIVE: "Must not be negative.",
    Sign.NOT_ZERO: "Must not be 0.",
}


def exact_number(value: object, *, digits: int, decimals: int) -> Decimal:
    """The number as it was sent, if it fits without rounding.

    Args:
        value: an int or a Decimal; anything else (text, true, null, a float) is not a number here.
        digits: how many digits there may be in all.
        decimals: how many of them may stand behind the point; zeros at the end do not count.

    Raises:
        InvalidNumber: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise InvalidNumber("Must be a number.")
    number = Decimal(value)
    if not number.is_finite():
        raise InvalidNumber("Must be a number.")
    if not number:
        return Decimal(0)
    whole_digits = digits - decimals
    # The size is looked at before any arithmetic: 1e999999999 must not be written out.
    if number.adjusted() >= whole_digits:
        sentence = f"Must have at most {whole_digits} digits before the decimal point."
        raise InvalidNumber(sentence)
    # By digits and not by normalize(), which would round what is longer than the context's 28 digits.
    sign, written, exponent = number.as_tuple()
    significant = len("".join(map(str, written)).rstrip("0"))
    lowest = int(exponent) + len(written) - significant
    if -lowest > decimals:
        raise InvalidNumber(_decimals_sentence(decimals))
    exact = Decimal((sign, written[:significant], lowest))
    return exact.quantize(Decimal(1)) if lowest > 0 else exact


def quantity_from(value: object, *, sign: Sign = Sign.POSITIVE, decimals: int = QUANTITY_DECIMALS) -> Decimal:
    """A quantity of stock from a number in a request.

    Args:
        value: an int or a Decimal.
        sign: which numbers make sense here.
        decimals: the variation's own precision, at most 3.

    Raises:
        InvalidNumber: with a sentence for the person who typed it.
    """
    number = exact_number(value, digits=QUANTITY_DIGITS - QUANTITY_DECIMALS + decimals, decimals=decimals)
    allowed = {
        Sign.POSITIVE: number > 0,
        Sign.NOT_NEGATIVE: number >= 0,
        Sign.NOT_ZERO: number != 0,
    }
    if not allowed[sign]:
        raise InvalidNumber(_SIGN_SENTENCES[sign])
    return number


def money_from(value: object) -> Decimal:
    """An amount of money from a number in a request: not negative, at most 4 decimals.

    Raises:
        InvalidNumber: otherwise.
    """
    number = exact_number(value, digits=MONEY_DIGITS, decimals=MONEY_DECIMALS)
    if number < 0:
        raise InvalidNumber(_SIGN_SENTENCES[Sign.NOT_NEGATIVE])
    return number


def json_number(number: Decimal) -> int | float:
    """The number for JSON: 3 and not 3.000, else as many decimals as it has.

    A quantity has at most 14 digits, and up to 15 a double gives back exactly the digits that went in.
    """
    if number == number.to_integral_value():
        return int(number)
    return float(number)


def money_text(amount: Decimal) -> str:
    """Money for JSON, as text so that no reader rounds it: "4.50", "0.0125"."""
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<{MONEY_SHOWN_DECIMALS}}"


def _decimals_sentence(decimals: int) -> str:
    if decimals == 0:
        return "Must be a whole number."
    return f"Must have at most {decimals} decimals."
