"""Packs: exact multiples of the base unit."""

from __future__ import annotations

from decimal import Decimal


def convert_to_base_units(quantity: Decimal, pack_factor: int) -> Decimal:
    """How many base units so many packs hold: 3 boxes of 9 are 27, exactly.

    Args:
        quantity: packs; half a box of 9 is 4.5, which the variation's own precision may then refuse.
        pack_factor: base units in one pack; 1 when the quantity already is in base units.

    Raises:
        ValueError: if the factor is not a whole number of at least 1.
    """
    if isinstance(pack_factor, bool) or not isinstance(pack_factor, int) or pack_factor < 1:
        message = f"a pack holds a whole number of units, not {pack_factor!r}"
        raise ValueError(message)
    return quantity * pack_factor
