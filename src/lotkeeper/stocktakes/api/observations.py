"""Reading what was seen on the shelves from a request: up to ten thousand observations at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rest_framework import serializers

from lotkeeper.catalog.policies import convert_to_base_units
from lotkeeper.catalog.queries import packs
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.stock.api.base import reading
from lotkeeper.stock.queries import variations_of_batches
from lotkeeper.stocktakes.api.serializers import ObservationSerializer
from lotkeeper.stocktakes.operations import MAX_OBSERVATIONS, Found, Observation
from lotkeeper.web.problems import flatten_errors

#: Enough to see what is wrong with the rest.
_MAX_ERRORS: Final = 1000
_EITHER: Final = "Name the batch by its batch_id, or by variation_id and what is written on the goods."


def observations_from(told: Any) -> Sequence[Observation]:
    """The observations of a request's list, each checked as ``ObservationSerializer`` would.

    The fields are its own, asked directly: through the serializer itself 10 000 observations take several times as
    long, longer than recording them.

    Raises:
        InvalidRequest: naming every field of every observation that cannot be used, ``observations.17.quantity``.
        NotFound: for a pack that is unknown, or another variation's.
    """
    if not isinstance(told, list) or not 1 <= len(told) <= MAX_OBSERVATIONS:
        raise InvalidRequest({"observations": [f"Must be a list of 1 to {MAX_OBSERVATIONS} observations."]})
    fields = ObservationSerializer().fields
    errors: dict[str, list[str]] = {}
    rows = []
    for position, raw in enumerate(told):
        rows.append(_row(raw, fields, f"observations.{position}", errors))
        if len(errors) > _MAX_ERRORS:
            break
    if errors:
        raise InvalidRequest(errors)
    return _observations(rows)


def _row(
    raw: Any, fields: Mapping[str, serializers.Field[Any, Any, Any, Any]], at: str, errors: dict[str, list[str]]
) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        errors[at] = ["Must be an observation: an object with its fields."]
        return {}
    row = {}
    for name, field in fields.items():
        # What is left out, or null, costs nothing: most of the fields of most observations.
        value = raw.get(name)
        if value is None and not field.required and (name not in raw or field.allow_null):
            row[name] = field.default
            continue
        try:
            row[name] = field.run_validation(raw.get(name, serializers.empty))
        except serializers.ValidationError as error:
            errors.update(flatten_errors(error.detail, f"{at}.{name}"))
    return row


def _observations(rows: Sequence[Mapping[str, Any]]) -> Sequence[Observation]:
    quantities = _in_base_units(rows)
    errors: dict[str, list[str]] = {}
    seen = []
    for position, (row, quantity) in enumerate(zip(rows, quantities, strict=True)):
        if (row["batch_id"] is None) == (row["variation_id"] is None):
            field = "batch_id" if row["batch_id"] is None else "variation_id"
            errors[f"observations.{position}.{field}"] = [_EITHER]
        batch = row["batch_id"] or Found(row["variation_id"], row["batch_number"], row["expiry_date"], row["unit_cost"])
        seen.append(
            Observation(
                batch=batch,
                quantity=quantity,
                counted_at=row["counted_at"],
                client_id=row["client_id"],
                place=row["place"],
                round=row["round"],
                reason=row["variance_reason"],
            )
        )
    if errors:
        raise InvalidRequest(errors)
    return seen


def _in_base_units(rows: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
    """The quantities with their packs opened: 3 boxes of 9 are 27."""
    named = {row["pack_id"] for row in rows if row["pack_id"] is not None}
    if not named:
        return [row["quantity"] for row in rows]
    with reading():
        known = {pack.pk: pack for pack in packs().filter(pk__in=named)}
        batches = {row["batch_id"] for row in rows if row["pack_id"] is not None and row["batch_id"] is not None}
        variations = variations_of_batches(batches)
    opened = []
    for line, row in enumerate(rows, 1):
        pack_id = row["pack_id"]
        if pack_id is None:
            opened.append(row["quantity"])
            continue
        variation_id = row["variation_id"] or variations.get(row["batch_id"])
        pack = known.get(pack_id)
        if pack is None or pack.variation_id != variation_id:
            raise NotFound("pack", pack_id=pack_id, line=line)
        opened.append(convert_to_base_units(row["quantity"], pack.factor))
    return opened
