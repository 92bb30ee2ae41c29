"""The shared fields: what they take, what they refuse, how they show."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError
from rest_framework.fields import Field

from lotkeeper.core.quantity import Sign
from lotkeeper.web.api import IdField, MoneyField, NumberJSONRenderer, QuantityField, TextField
from lotkeeper.web.parsing import parse_json
from lotkeeper.web.problems import flatten_errors


def taken(field: Field[Any, Any, Any, Any], text: str) -> Any:
    """What a field makes of a value, as it stands in the JSON of a request."""
    return field.run_validation(parse_json(text.encode()))


@pytest.mark.parametrize(("text", "expected"), [("3", "3"), ("3.000", "3"), ("0.125", "0.125"), ("1e2", "100")])
def test_a_quantity_is_a_json_number(text: str, expected: str) -> None:
    value = taken(QuantityField(), text)
    assert isinstance(value, Decimal)
    assert str(value) == expected


@pytest.mark.parametrize(
    "text", ["0", "-1", '"3"', "null", "true", "[]", "{}", "1e400", "0.1234567890", "-0", "1e-4", "100000000000"]
)
def test_anything_else_is_no_quantity(text: str) -> None:
    with pytest.raises(ValidationError):
        taken(QuantityField(), text)


def test_an_adjustment_has_a_sign() -> None:
    assert taken(QuantityField(sign=Sign.NOT_ZERO), "-2.5") == Decimal("-2.5")
    with pytest.raises(ValidationError):
        taken(QuantityField(sign=Sign.NOT_ZERO), "0")


@pytest.mark.parametrize(("text", "expected"), [('"4.50"', "4.50"), ("4.5", "4.5"), ("0", "0"), ('"0.0125"', "0.0125")])
def test_money_is_a_number_or_text(text: str, expected: str) -> None:
    assert taken(MoneyField(), text) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    [
        '"-1"',
        "-1",
        '""',
        '"."',
        '"1e5"',
        '"NaN"',
        '"1_0"',
        '"\u0661"',
        '" 1"',
        "0.00001",
        '"12345678901"',
        "true",
        "null",
    ],
)
def test_anything_else_is_no_money(text: str) -> None:
    with pytest.raises(ValidationError):
        taken(MoneyField(), text)


def test_an_id_is_a_positive_whole_number() -> None:
    assert taken(IdField(), "9223372036854775807") == 2**63 - 1
    for text in ("0", "-1", "1.0", "1e3", '"1"', "true", "null", "9223372036854775808", "9" * 4000):
        with pytest.raises(ValidationError):
            taken(IdField(), text)


def test_text_is_bounded() -> None:
    assert taken(TextField(max_length=5), '"  ab "') == "ab"
    for text in ("5", "true", "null", "[]", '"abcdef"', '""'):
        with pytest.raises(ValidationError):
            taken(TextField(max_length=5), text)


def test_answers_show_plain_numbers() -> None:
    shown = {
        "quantity": QuantityField().to_representation(Decimal("3.000")),
        "price": MoneyField().to_representation(Decimal("4.5000")),
        "raw": [Decimal("3.000"), Decimal("0.250"), Decimal("99999999999.999")],
    }
    assert NumberJSONRenderer().render(shown) == b'{"quantity":3,"price":"4.50","raw":[3,0.25,99999999999.999]}'


def test_nested_errors_are_named_by_their_path() -> None:
    detail = {"lines": [{}, {"quantity": ["Must be a number."]}], "non_field_errors": ["Both."], "note": ["Too long."]}
    assert flatten_errors(detail) == {
        "lines.1.quantity": ["Must be a number."],
        "request": ["Both."],
        "note": ["Too long."],
    }
