"""What may explain the lines of a stock take, from what the ledger, the catalogue and transfers know around them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from lotkeeper.core.postgres.statements import rows, statement
from lotkeeper.stock.policies import WRITE_OFF_KINDS, MovementKind
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.models import StockTake, StockTakeItem, StockTakeStatus
from lotkeeper.stocktakes.policies import Boxed, Explanation, Facts, InTransit, Moved, OtherLine, Uncounted, explain
from lotkeeper.stocktakes.queries.lines import LinesWanted, VarianceLine, variance_key, variance_lines
from lotkeeper.stocktakes.queries.takes import SLICE

#: How far before a counting one looks for what may have gone wrong, and at how many ledger lines of a batch number.
LOOKING_BACK: Final = dt.timedelta(days=90)
MOST_MOVED: Final = 100
#: Lines of the same variations in one stock take.
_MOST_OTHERS: Final = 10_000
_KINDS: Final = [
    kind.value
    for kind in (
        MovementKind.OPENING,
        MovementKind.PURCHASE,
        MovementKind.TRANSFER_IN,
        MovementKind.ADJUSTMENT,
        MovementKind.REVERSAL,
        *sorted(WRITE_OFF_KINDS),
    )
]


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line that differs, and what may explain it, surest first."""

    line: VarianceLine
    explanations: Sequence[Explanation]


class _Around(NamedTuple):
    """What the database knows around a line; the last four are lists in JSON."""

    item_id: int
    zone: str
    apart: Decimal
    sold: str
    packs: str
    moved: str
    in_transit: str


def explained_lines(
    take: StockTake, window: Window, *, item_ids: Sequence[int] | None = None
) -> Sequence[ExplainedLine]:
    """The lines that differ, in the order of ``variance_lines``, with what may explain each before it is posted.

    None of a stock take that was posted or cancelled.
    """
    if take.status not in {StockTakeStatus.DRAFT, StockTakeStatus.COMPLETED}:
        return []
    lines = variance_lines(take, LinesWanted(item_ids, only_differences=True), window)
    explained = explanations_of(take, lines)
    return [ExplainedLine(line, explained[line.item_id]) for line in lines]


def explained_key(explained: ExplainedLine) -> Sequence[str | int]:
    """A line's place in the order."""
    return variance_key(explained.line)


def explanations_of(take: StockTake, lines: Sequence[VarianceLine]) -> Mapping[int, Sequence[Explanation]]:
    """What may explain each of these lines of an open stock take, by line. A superseded one posts nothing."""
    asked = [line for line in lines if line.variance and not line.superseded]
    others = _others(take, asked)
    around = _around(take, asked)
    explained = {
        line.item_id: explain(_facts(line, around[line.item_id], others.get(line.variation_id, ()))) for line in asked
    }
    return {line.item_id: explained.get(line.item_id, []) for line in lines}


def _others(take: StockTake, asked: Sequence[VarianceLine]) -> Mapping[int, Sequence[VarianceLine]]:
    """The lines of the stock take that differ, by variation, for the variations that are asked for."""
    variations = {line.variation_id for line in asked}
    of_these = StockTakeItem.objects.filter(stock_take=take, variation_id__in=variations)
    ids = list(of_these.values_list("id", flat=True))
    differing = variance_lines(take, LinesWanted(ids, only_differences=True), Window(None, _MOST_OTHERS))
    found: dict[int, list[VarianceLine]] = {}
    for line in differing:
        if not line.superseded:
            found.setdefault(line.variation_id, []).append(line)
    return found


def _around(take: StockTake, asked: Sequence[VarianceLine]) -> Mapping[int, _Around]:
    found = rows(
        statement(SLICE, "queries/line_facts"),
        {
            "stock_take_id": take.pk,
            "outlet_id": take.outlet_id,
            "item_ids": [line.item_id for line in asked],
            "batch_ids": [line.batch_id for line in asked],
            "variation_ids": [line.variation_id for line in asked],
            "numbers": [line.batch_number for line in asked],
            "counted_ats": [line.counted_at for line in asked],
            "looking_back": LOOKING_BACK,
            "kinds": _KINDS,
            "most": MOST_MOVED,
        },
    )
    return {row[0]: _Around(*row) for row in found}


def _facts(line: VarianceLine, around: _Around, differing: Sequence[VarianceLine]) -> Facts:
    assert line.physical_count is not None  # noqa: S101  # it differs, so it was counted; for the type checker
    assert line.counted_at is not None  # noqa: S101  # as above
    batches = _read(around.sold)
    return Facts(
        batch_number=line.batch_number,
        counted=line.physical_count,
        book=line.system_count,
        counted_at=line.counted_at,
        zone=ZoneInfo(around.zone),
        decimals=line.quantity_decimals,
        entered_late=line.entered_late or Decimal(0),
        moved_between=line.moved_between_places,
        apart=around.apart,
        sold=sum((Decimal(sold) for _, _, sold, own in batches if own), Decimal(0)),
        others=[
            OtherLine(other.item_id, other.batch_id, other.batch_number, other.variance or Decimal(0))
            for other in differing
            if other.item_id != line.item_id
        ],
        uncounted=[Uncounted(batch, number, Decimal(sold)) for batch, number, sold, own in batches if not own],
        packs=[Boxed(name, factor) for name, factor in _read(around.packs)],
        moved=[
            Moved(operation, MovementKind(kind), Decimal(quantity), dt.datetime.fromisoformat(at), own, settled)
            for operation, kind, quantity, at, own, settled in _read(around.moved)
        ],
        in_transit=[InTransit(transfer, number, Decimal(sent)) for transfer, number, sent in _read(around.in_transit)],
    )


def _read(text: str) -> Sequence[Any]:
    # Exact: a fraction that passes through a float has lost what was written.
    found: Sequence[Any] = json.loads(text, parse_float=Decimal)
    return found
