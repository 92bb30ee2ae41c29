"""What a batch can hold by its movements, where the old system wrote them without a sign."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from lotkeeper.legacy.policies.rows import OldMovement

COMING = frozenset({"purchase", "opening", "customer_return", "transfer_in", "receive", "restock"})
GOING = frozenset(
    {"sale", "damage", "expiry", "expired", "theft", "sample", "supplier_return", "transfer_out", "waste", "write_off"}
)


class Reach(NamedTuple):
    """The least and the most that a batch can hold by its movements; the same where all of them have a direction."""

    lowest: Decimal
    highest: Decimal


def direction(movement: OldMovement) -> int:
    """1 for goods that come, -1 for goods that go, 0 where the row does not say.

    An adjustment of 2 up and one of 2 down are the same row, so an adjustment says neither. Nor does a "return" or a
    "transfer", which may go either way, or a sale of less than nothing.
    """
    kind = movement.movement_type.casefold()
    if movement.quantity < 0:
        return -1 if kind == "adjustment" else 0
    return (kind in COMING) - (kind in GOING)


def reach(movements: Iterable[OldMovement]) -> Reach:
    """How much a batch can hold by its movements."""
    lowest = highest = Decimal(0)
    for movement in movements:
        quantity, way = abs(movement.quantity), direction(movement)
        lowest += quantity if way > 0 else -quantity
        highest += -quantity if way < 0 else quantity
    return Reach(lowest, highest)
