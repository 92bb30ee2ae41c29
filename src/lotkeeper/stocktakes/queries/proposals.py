"""What to count next at an outlet: where an error is likely, and dear."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.postgres.statements import rows, statement
from lotkeeper.stocktakes.policies import History, Standing, expected_error, rate_of
from lotkeeper.stocktakes.queries.takes import SLICE

MAX_PROPOSALS: Final = 500
_CENTS: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A variation to count, and the money by which shelf and book are expected to differ.

    ``lines_since`` counts its ledger lines since its batches were last counted; ``unit_cost`` is the mean of what is on
    hand, or of the outlet where no cost is known.
    """

    variation_id: int
    sku: str
    product_name: str
    variation_name: str
    unit: str
    on_hand: Decimal
    unit_cost: Decimal
    lines_since: int
    counted_at: dt.datetime | None
    expected_error: Decimal


class _Known(NamedTuple):
    """A variation in stock, or counted before. A unit cost is known of ``valued`` units, worth ``value``."""

    variation_id: int
    on_hand: Decimal | None
    lines: int
    unit_days: Decimal
    value: Decimal | None
    valued: Decimal | None
    differing: Decimal
    counted_lines: int
    counted_at: dt.datetime | None


def count_next(outlet_id: int, *, today: dt.date, limit: int) -> Sequence[Proposal]:
    """The variations in stock at an outlet to count next, the largest expected error in money first.

    Args:
        outlet_id: where.
        today: the outlet's local date.
        limit: how many, at most 500.
    """
    found = rows(statement(SLICE, "queries/proposals"), {"outlet_id": outlet_id, "today": today})
    known = [_Known(*row) for row in found]
    usual = rate_of(
        History(sum((each.differing for each in known), Decimal(0)), sum(each.counted_lines for each in known))
    )
    valued = sum((each.valued or Decimal(0) for each in known), Decimal(0))
    mean_cost = sum((each.value or Decimal(0) for each in known), Decimal(0)) / valued if valued else Decimal(0)
    ranked = [(_error(each, usual, mean_cost), each) for each in known if each.on_hand is not None]
    first = heapq.nsmallest(min(limit, MAX_PROPOSALS), ranked, key=lambda row: (-row[0], row[1].variation_id))
    named = _named([each.variation_id for _, each in first])
    return [_proposal(named[each.variation_id], each, error, mean_cost) for error, each in first]


def _error(known: _Known, usual: Decimal, mean_cost: Decimal) -> Decimal:
    rate = rate_of(History(known.differing, known.counted_lines), usual)
    return expected_error(Standing(known.lines, known.unit_days, _unit_cost(known, mean_cost)), rate)


def _unit_cost(known: _Known, mean_cost: Decimal) -> Decimal:
    return known.value / known.valued if known.value is not None and known.valued else mean_cost


def _named(ids: Sequence[int]) -> Mapping[int, ItemVariation]:
    return {each.pk: each for each in ItemVariation.objects.select_related("product").filter(pk__in=ids)}


def _proposal(variation: ItemVariation, known: _Known, error: Decimal, mean_cost: Decimal) -> Proposal:
    return Proposal(
        variation_id=variation.pk,
        sku=variation.sku,
        product_name=variation.product.name,
        variation_name=variation.name,
        unit=variation.unit,
        on_hand=known.on_hand or Decimal(0),
        unit_cost=round(_unit_cost(known, mean_cost), 4),
        lines_since=known.lines,
        counted_at=known.counted_at,
        expected_error=error.quantize(_CENTS),
    )
