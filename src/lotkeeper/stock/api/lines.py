"""The lines of requests: quantities of variations, in packs or in the base unit, and quantities of batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from rest_framework import serializers

from lotkeeper.catalog.policies import convert_to_base_units
from lotkeeper.catalog.queries import packs
from lotkeeper.core.errors import InvalidRequest, NotFound, Refusal
from lotkeeper.core.quantity import Sign
from lotkeeper.stock.api.base import REFERENCE_LIMIT, reading
from lotkeeper.stock.api.fields import InstantField
from lotkeeper.web.api import IdField, QuantityField, TextField

#: As the operations: one basket, one delivery.
MAX_LINES: Final = 1000
_REASON_LIMIT = 500
_NOTE_LIMIT = 2000


class ReferenceSerializer(serializers.Serializer[Any]):
    """What makes a retry safe."""

    reference_id = TextField(
        max_length=REFERENCE_LIMIT,
        allow_null=True,
        default=None,
        help_text="Your own number for this. The same request under it is posted once, however often it is sent.",
    )


class DatedSerializer(ReferenceSerializer):
    """What makes a retry safe, and when it happened."""

    occurred_at = InstantField(
        allow_null=True, default=None, help_text="When it happened, if not now: not in the future, nor too far back."
    )


class WhySerializer(ReferenceSerializer):
    """What an operation may say of itself."""

    reason = TextField(max_length=_REASON_LIMIT, allow_blank=True, default="", help_text="Shown in the history.")
    note = TextField(max_length=_NOTE_LIMIT, allow_blank=True, default="")


class EventSerializer(WhySerializer, DatedSerializer):
    """What an operation may say of itself, and when it happened."""


class VariationLineSerializer(serializers.Serializer[Any]):
    """So much of a variation."""

    variation_id = IdField()
    quantity = QuantityField(help_text="In the base unit, or in packs when `pack_id` is given.")
    pack_id = IdField(allow_null=True, default=None, help_text="A pack of the variation; it counts as its factor.")


class IssueLineSerializer(VariationLineSerializer):
    """So much of a variation, from the batches that expire first or from the lot in hand."""

    batch_id = IdField(
        allow_null=True, default=None, help_text="The lot in hand. Left out: the batch that expires first goes first."
    )


class BatchLineSerializer(serializers.Serializer[Any]):
    """So much of one batch, in the base unit."""

    batch_id = IdField()
    quantity = QuantityField()


class SignedBatchLineSerializer(serializers.Serializer[Any]):
    """A difference of one batch, in the base unit: 2 found, -2 missing."""

    batch_id = IdField()
    quantity = QuantityField(sign=Sign.NOT_ZERO)


def in_base_units(lines: Sequence[Mapping[str, Any]]) -> Sequence[dict[str, Any]]:
    """The lines with their packs opened: 3 boxes of 9 are 27.

    Raises:
        NotFound: for a pack that is unknown, or another variation's.
    """
    named = {line["pack_id"] for line in lines if line["pack_id"] is not None}
    known = {}
    if named:
        with reading():
            known = {pack.pk: pack for pack in packs().filter(pk__in=named)}
    opened = []
    for number, line in enumerate(lines, 1):
        plain = dict(line)
        pack_id = plain.pop("pack_id")
        if pack_id is not None:
            pack = known.get(pack_id)
            if pack is None or pack.variation_id != line["variation_id"]:
                raise NotFound("pack", pack_id=pack_id, line=number)
            plain["quantity"] = convert_to_base_units(line["quantity"], pack.factor)
        opened.append(plain)
    return opened


def asked_numbers(lines: Sequence[Mapping[str, Any]]) -> Sequence[int]:
    """For each line as it is posted, the number of the first line of the request that asked for it.

    An operation takes lines of the same variation and lot together, so that they share one decrement.
    """
    first: dict[tuple[int, int | None], int] = {}
    for number, line in enumerate(lines, 1):
        first.setdefault((line["variation_id"], line.get("batch_id")), number)
    return list(first.values())


@contextmanager
def refusing_as_asked(lines: Sequence[Mapping[str, Any]]) -> Iterator[None]:
    """Let a refusal number the lines as the request did."""
    try:
        yield
    except Refusal as refusal:
        numbers = asked_numbers(lines)
        for told in (refusal.fields, *refusal.fields.get("lines", ())):
            if isinstance(told.get("line"), int):
                told["line"] = numbers[told["line"] - 1]
        raise


@contextmanager
def refusing_one_line(name: str = "lines") -> Iterator[None]:
    """Let a refusal of a request that is one line, without a list of them, name its fields as the request did."""
    try:
        yield
    except InvalidRequest as refusal:
        errors = {field.removeprefix(f"{name}.0."): told for field, told in refusal.fields["errors"].items()}
        raise InvalidRequest(errors) from None


def lines_field(line: serializers.Serializer[Any]) -> serializers.ListField:
    """A bounded list of lines."""
    return serializers.ListField(child=line, allow_empty=False, max_length=MAX_LINES)
