"""Why there is so much: the statement behind a number, from its opening balance through each line of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.db.models import OuterRef, Q, QuerySet, Subquery, Sum

from lotkeeper.accounts.policies import Actor
from lotkeeper.stock.models import Batch, StockMovement
from lotkeeper.stock.queries._window import Window
from lotkeeper.stock.queries.movements import MovementLine, MovementsWanted, movement_key, movements
from lotkeeper.stock.queries.visibility import visible_outlets

STATEMENT_LINES: Final = 50


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line of the ledger, and how much there was after it."""

    line: MovementLine
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """What was there, what came and went, and what is there: in the order of recording."""

    opening: Decimal
    lines: Sequence[StatementLine]
    #: The key of the first line, if there are lines before it.
    earlier: Sequence[str | int] | None

    @property
    def closing(self) -> Decimal:
        """How much there is after the last line."""
        return self.lines[-1].balance if self.lines else self.opening


def statement_of(actor: Actor, wanted: MovementsWanted, before: Sequence[str | int] | None = None) -> Statement:
    """The last lines of a variation or a batch, or those before a key, with the balance after each.

    The past does not change, so the opening balance and the lines fit together without a lock.

    Raises:
        NotFound: for an outlet that is not theirs to see.
    """
    newest = movements(actor, replace(wanted, newest_first=True), Window(before, STATEMENT_LINES + 1))
    shown = list(reversed(newest[:STATEMENT_LINES]))
    if not shown:
        return Statement(Decimal(0), [], None)
    opening = balance = _balance_before(actor, wanted, shown[0])
    lines = []
    for line in shown:
        balance += line.quantity
        lines.append(StatementLine(line, balance))
    return Statement(opening, lines, movement_key(shown[0]) if len(newest) > STATEMENT_LINES else None)


def _balance_before(actor: Actor, wanted: MovementsWanted, first: MovementLine) -> Decimal:
    """What all batches held together before a line: the balance after the last line that each had by then."""
    batches: QuerySet[Batch] = Batch.objects.filter(outlet_id__in=visible_outlets(actor, wanted.outlet_id))
    if wanted.batch_id is not None:
        batches = batches.filter(pk=wanted.batch_id)
    if wanted.variation_id is not None:
        batches = batches.filter(variation_id=wanted.variation_id)
    at_once = Q(recorded_at=first.recorded_at)
    earlier = (
        Q(recorded_at__lt=first.recorded_at)
        | (at_once & Q(batch_id__lt=first.batch_id))
        | (at_once & Q(batch_id=first.batch_id, version__lt=first.version))
    )
    lines = StockMovement.objects.filter(earlier, batch_id=OuterRef("pk")).order_by("-recorded_at", "-version")
    held = batches.annotate(before=Subquery(lines.values("balance_after")[:1])).aggregate(total=Sum("before"))
    total: Decimal | None = held["total"]
    return Decimal(0) if total is None else total
