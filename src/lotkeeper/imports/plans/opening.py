"""Opening stock from a file."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from lotkeeper.accounts.policies import Actor
from lotkeeper.imports.operations import Tally, post_opening_stock
from lotkeeper.imports.operations.opening import OpeningLine
from lotkeeper.imports.plans.common import (
    Options,
    Plan,
    Progress,
    Result,
    check_outlet,
    check_sku,
    ignored_note,
    pieces,
    read_file,
    told,
)
from lotkeeper.imports.policies.columns import RowError
from lotkeeper.imports.policies.layouts import OPENING_STOCK, OpeningRow
from lotkeeper.imports.queries import places, variations_by_sku

#: Batches that are received in one transaction.
_TOGETHER = 1000


class OpeningPlan(Plan):
    """Each row is a batch that stands on a shelf when the books are opened."""

    sample_header: Sequence[str] = ("row", *OpeningRow._fields)

    def __init__(self, actor: Actor, options: Options) -> None:
        self.actor = actor
        reading = read_file(options, OPENING_STOCK)
        self.row_count = reading.count
        self.errors = reading.errors
        with transaction.atomic():
            self.places = places(actor, options.outlet)
            self.variations = variations_by_sku()
        self.lines = self._checked(reading.rows)
        self.line_count = sum(len(lines) for lines in self.lines.values())
        self.sample = [(number, *row) for number, row in reading.rows[:5]]
        self.notes = [f"{self.line_count} batches to receive as opening stock.", *ignored_note(reading)]

    def apply(self, progress: Progress) -> Result:
        """Receive them, a thousand in each transaction."""
        tally = Tally()
        for outlet, lines in self.lines.items():
            for piece in pieces(lines, _TOGETHER):
                tally.add(
                    post_opening_stock(
                        actor=self.actor, place=self.places[outlet], variations=self.variations, lines=piece
                    )
                )
                progress(len(piece))
        return told(tally, "batches")

    def _checked(self, rows: Sequence[tuple[int, OpeningRow]]) -> dict[str | None, list[OpeningLine]]:
        """What can be received, by outlet; what cannot joins the errors."""
        first: dict[tuple[int, str], int] = {}
        lines: dict[str | None, list[OpeningLine]] = {}
        for number, row in rows:
            line = OpeningLine(number, row.sku, row.batch_number, row.expiry_date, row.quantity, row.unit_cost)
            wrong = check_sku(number, row.sku, row.quantity, self.variations) or check_outlet(
                number, row.outlet, self.places
            )
            if wrong is None:
                earlier = first.setdefault((self.places[row.outlet].outlet_id, line.identity), number)
                if earlier != number:
                    why = f"is the batch of row {earlier}; add the two quantities into one row"
                    wrong = RowError(number, "batch_number", row.batch_number, why)
            if wrong is None:
                lines.setdefault(row.outlet, []).append(line)
            else:
                self.errors.append(wrong)
        return lines
