"""What movements without a sign leave open about a balance."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotkeeper.legacy.policies.balances import Reach, direction, reach
from lotkeeper.legacy.policies.rows import OldMovement


def movement(kind: str, quantity: int) -> OldMovement:
    return OldMovement(1, 1, 1, 1, 1, kind, Decimal(quantity), None, "")


@pytest.mark.parametrize(
    ("kind", "quantity", "way"),
    [
        ("purchase", 3, 1),
        ("SALE", 3, -1),
        ("damage", 3, -1),
        ("adjustment", 3, 0),
        ("adjustment", -3, -1),
        ("return", 3, 0),
        ("transfer", 3, 0),
        ("sale", -3, 0),
    ],
)
def test_the_way_of_a_movement_is_known_where_its_kind_says_it(kind: str, quantity: int, way: int) -> None:
    assert direction(movement(kind, quantity)) == way


def test_two_more_and_two_less_leave_the_same_range() -> None:
    assert reach([movement("purchase", 10), movement("adjustment", 2)]) == Reach(Decimal(8), Decimal(12))
    assert reach([movement("purchase", 10), movement("sale", 4)]) == Reach(Decimal(6), Decimal(6))
    assert reach([]) == Reach(Decimal(0), Decimal(0))


_CHANGES = st.lists(st.tuples(st.sampled_from(["purchase", "sale", "adjustment"]), st.integers(-50, 50)))


@given(_CHANGES)
def test_whatever_happened_lies_in_the_range(changes: list[tuple[str, int]]) -> None:
    signs = {"purchase": 1, "sale": -1}
    happened = [(kind, abs(by) * signs[kind] if kind in signs else by) for kind, by in changes]
    lowest, highest = reach(movement(kind, abs(by)) for kind, by in happened)
    assert lowest <= sum(by for _, by in happened) <= highest
    adjusted = sum(abs(by) for kind, by in happened if kind == "adjustment")
    assert highest - lowest == 2 * adjusted
