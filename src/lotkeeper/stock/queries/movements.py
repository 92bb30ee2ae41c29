"""The history of stock: ledger lines in the order in which they were recorded, and the operations behind them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import NotFound
from lotkeeper.core.postgres.statements import rows, statement
from lotkeeper.stock.models import Operation, Reservation
from lotkeeper.stock.policies import MovementKind, OperationKind
from lotkeeper.stock.queries._window import Window
from lotkeeper.stock.queries.visibility import visible_outlets

#: An operation is shown with as many of its lines; the rest are read page by page.
MAX_LINES_SHOWN = 1000
#: An entry is dated at most this far ahead of its recording, see ``occurred_at`` of an operation.
_CLOCK_SLACK = dt.timedelta(minutes=5)
_SLICE: Final = "lotkeeper.stock"


class MovementLine(NamedTuple):
    """A ledger line with its batch, its operation and who posted it."""

    batch_id: int
    batch_number: str
    expiry_date: dt.date | None
    version: int
    outlet_id: int
    variation_id: int
    sku: str
    product_name: str
    variation_name: str
    operation_id: int
    operation_kind: str
    reference_id: str | None
    reason: str
    channel: str
    user_id: int
    user_name: str
    line: int
    movement_type: str
    quantity: Decimal
    balance_before: Decimal
    balance_after: Decimal
    unit_cost: Decimal | None
    amendment_text: str
    occurred_at: dt.datetime
    recorded_at: dt.datetime

    @property
    def amendment(self) -> Mapping[str, Any] | None:
        """What a correction of a batch changed, as old and new value by name; None on every other line."""
        amended: dict[str, Any] | None = json.loads(self.amendment_text) if self.amendment_text else None
        return amended


@dataclass(frozen=True, slots=True)
class MovementsWanted:
    """Which ledger lines to list; None leaves a question open. Ranges hold their first moment and not their last."""

    outlet_id: int | None = None
    variation_id: int | None = None
    batch_id: int | None = None
    operation_id: int | None = None
    reference_id: str | None = None
    movement_type: MovementKind | None = None
    occurred_from: dt.datetime | None = None
    occurred_until: dt.datetime | None = None
    recorded_from: dt.datetime | None = None
    recorded_until: dt.datetime | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class OperationView:
    """An operation with those of its lines that may be seen."""

    operation: Operation
    lines: Sequence[MovementLine]


def movements(actor: Actor, wanted: MovementsWanted, window: Window) -> Sequence[MovementLine]:
    """The ledger lines that the actor may see, by the moment of recording, then batch and version.

    Raises:
        NotFound: for an outlet that is not theirs to see.
    """
    outlets = visible_outlets(actor, wanted.outlet_id)
    operation_id = wanted.operation_id
    if wanted.reference_id is not None:
        named = _operation_id_of(wanted.reference_id)
        if named is None or operation_id not in {None, named}:
            return []
        operation_id = named
    if operation_id is not None:
        keys = "queries/movements_of_operation"
    elif wanted.batch_id is not None or wanted.variation_id is not None:
        keys = "queries/movements_of_batches"
    else:
        keys = "queries/movements_of_outlets"
    return _lines(keys, outlets, wanted, window, operation_id)


def movement_key(line: MovementLine) -> Sequence[str | int]:
    """A line's place in the order."""
    return [line.recorded_at.isoformat(), line.batch_id, line.version]


def operation_for(actor: Actor, operation_id: int) -> OperationView:
    """One operation with its lines at the outlets that the actor may see.

    Raises:
        NotFound: if it is unknown, another business's, or nothing of it is at an outlet that is theirs to see.
    """
    operation: Operation | None = Operation.objects.select_related("user", "token").filter(pk=operation_id).first()
    if operation is not None:
        outlets = visible_outlets(actor)
        lines = _lines(
            "queries/movements_of_operation", outlets, MovementsWanted(), Window(None, MAX_LINES_SHOWN), operation_id
        )
        if lines or _is_visible_without_lines(actor, operation_id, outlets):
            return OperationView(operation, lines)
    raise NotFound("operation", operation_id=operation_id)


def sale_by_reference(reference_id: str) -> int:
    """The sale that was posted under a reference.

    Raises:
        NotFound: if none was.
    """
    sale = Operation.objects.filter(reference_id=reference_id, kind=OperationKind.ISSUE).values_list("id", flat=True)
    sale_id: int | None = sale.first()
    if sale_id is None:
        raise NotFound("sale", reference_id=reference_id)
    return sale_id


def _operation_id_of(reference_id: str) -> int | None:
    found: int | None = Operation.objects.filter(reference_id=reference_id).values_list("id", flat=True).first()
    return found


def _is_visible_without_lines(actor: Actor, operation_id: int, outlets: Sequence[int]) -> bool:
    if actor.may(Permission.VIEW):
        return True
    return bool(Reservation.objects.filter(operation_id=operation_id, outlet_id__in=outlets).exists())


def _lines(
    keys: str, outlets: Sequence[int], wanted: MovementsWanted, window: Window, operation_id: int | None
) -> Sequence[MovementLine]:
    recorded_at, batch_id, version = window.after or (None, None, None)
    values = {
        "outlets": outlets,
        "variation": wanted.variation_id,
        "batch": wanted.batch_id,
        "operation": operation_id,
        "movement_type": None if wanted.movement_type is None else wanted.movement_type.value,
        "occurred_from": wanted.occurred_from,
        "occurred_until": wanted.occurred_until,
        "recorded_from": _recorded_from(wanted),
        "recorded_until": wanted.recorded_until,
        "after_recorded_at": recorded_at,
        "after_batch": batch_id,
        "after_version": version,
        "limit": window.limit,
    }
    text = f"WITH chosen AS (\n{statement(_SLICE, keys)})\n{statement(_SLICE, 'queries/movement_lines')}"
    falling = wanted.newest_first is not window.backwards
    # Two words that differ with the direction of reading, and are none of the request's.
    text = text.format(beyond="<", order="DESC") if falling else text.format(beyond=">", order="ASC")
    return [MovementLine._make(row) for row in rows(text, values)]


def _recorded_from(wanted: MovementsWanted) -> dt.datetime | None:
    """Nothing is recorded before it happened, so a range of events bounds the index of records too."""
    known = [wanted.recorded_from]
    if wanted.occurred_from is not None and wanted.occurred_from.year > dt.MINYEAR:
        known.append(wanted.occurred_from - _CLOCK_SLACK)
    return max((moment for moment in known if moment is not None), default=None)
