"""Products from a file."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.imports.operations import ProductTally, import_products
from lotkeeper.imports.plans.common import Options, Plan, Progress, Result, ignored_note, pieces, read_file
from lotkeeper.imports.policies.columns import RowError
from lotkeeper.imports.policies.layouts import PRODUCTS, ProductRow
from lotkeeper.imports.queries import variations_by_sku

#: Products that are made in one transaction.
_TOGETHER = 500


class ProductsPlan(Plan):
    """New products are made, known ones (by SKU) brought up to what the file says."""

    sample_header: Sequence[str] = ("row", *ProductRow._fields)

    def __init__(self, actor: Actor, options: Options) -> None:
        actor.require(Permission.MANAGE_CATALOG)
        self.actor = actor
        reading = read_file(options, PRODUCTS)
        self.row_count = reading.count
        self.errors = reading.errors
        self.rows = self._once(reading.rows)
        self.line_count = len(self.rows)
        self.sample = [(number, *row) for number, row in self.rows[:5]]
        with transaction.atomic():
            known = variations_by_sku()
        new = sum(row.sku not in known for _, row in self.rows)
        self.notes = [
            f"{new} products to make, {len(self.rows) - new} known by their SKU to compare.",
            *ignored_note(reading),
        ]

    def apply(self, progress: Progress) -> Result:
        """Make and change them, some hundred in each transaction."""
        tally = ProductTally()
        for piece in pieces(self.rows, _TOGETHER):
            tally.add(import_products(actor=self.actor, rows=piece))
            progress(len(piece))
        refused = [RowError(row, "", "", why) for row, why in tally.refused]
        sentence = f"Made {tally.created}, changed {tally.changed}, left as they were {tally.unchanged}."
        return Result([sentence], refused)

    def _once(self, rows: Sequence[tuple[int, ProductRow]]) -> list[tuple[int, ProductRow]]:
        first: dict[str, int] = {}
        kept = []
        for number, row in rows:
            if row.sku in first:
                self.errors.append(RowError(number, "sku", row.sku, f"stands in row {first[row.sku]} already"))
            else:
                first[row.sku] = number
                kept.append((number, row))
        return kept
