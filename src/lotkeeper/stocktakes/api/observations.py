"""What was seen on the shelves, from the words of a request into those of the operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from lotkeeper.catalog.models import Pack
from lotkeeper.catalog.policies import convert_to_base_units
from lotkeeper.catalog.queries import packs
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.stock.api.base import reading
from lotkeeper.stock.queries import variations_of_batches
from lotkeeper.stocktakes.operations import Found, Observation

_EITHER: Final = "Name the batch by its batch_id, or by variation_id and what is written on the goods."


def observations_from(rows: Sequence[Mapping[str, Any]]) -> Sequence[Observation]:
    """The observations of a request, each of which ``ObservationSerializer`` looked at.

    Raises:
        InvalidRequest: naming every one that does not say what was seen, ``observations.17.batch_id``.
        NotFound: for a pack that is unknown, or another variation's.
    """
    errors: dict[str, list[str]] = {}
    for position, row in enumerate(rows):
        if (row["batch_id"] is None) == (row["variation_id"] is None):
            field = "batch_id" if row["batch_id"] is None else "variation_id"
            errors[f"observations.{position}.{field}"] = [_EITHER]
    if errors:
        raise InvalidRequest(errors)
    return [
        Observation(
            batch=row["batch_id"]
            or Found(row["variation_id"], row["batch_number"], row["expiry_date"], row["unit_cost"]),
            quantity=quantity,
            counted_at=row["counted_at"],
            client_id=row["client_id"],
            place=row["place"],
            round=row["round"],
            reason=row["variance_reason"],
        )
        for row, quantity in zip(rows, _in_base_units(rows), strict=True)
    ]


def _in_base_units(rows: Sequence[Mapping[str, Any]]) -> Sequence[Decimal]:
    """The quantities with their packs opened: 3 boxes of 9 are 27."""
    in_packs = [row for row in rows if row["pack_id"] is not None]
    known: dict[int, Pack] = {}
    variations: Mapping[int, int] = {}
    if in_packs:
        with reading():
            known = {pack.pk: pack for pack in packs().filter(pk__in={row["pack_id"] for row in in_packs})}
            variations = variations_of_batches({row["batch_id"] for row in in_packs if row["batch_id"] is not None})
    opened = []
    for line, row in enumerate(rows, 1):
        quantity = row["quantity"]
        if row["pack_id"] is not None:
            pack = known.get(row["pack_id"])
            if pack is None or pack.variation_id != (row["variation_id"] or variations.get(row["batch_id"])):
                raise NotFound("pack", pack_id=row["pack_id"], line=line)
            quantity = convert_to_base_units(quantity, pack.factor)
        opened.append(quantity)
    return opened
