"""Past sales from a file."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from lotkeeper.accounts.policies import Actor
from lotkeeper.imports.plans.common import (
    Options,
    Plan,
    Progress,
    Result,
    check_outlet,
    check_sku,
    ignored_note,
    post_documents,
    read_file,
    told,
)
from lotkeeper.imports.policies.documents import chunks
from lotkeeper.imports.policies.layouts import SaleRow, sales
from lotkeeper.imports.policies.sales import sales_documents
from lotkeeper.imports.queries import places, variations_by_sku


class SalesPlan(Plan):
    """Each document is a past sale: it takes the batches that would have been taken on its day, or is refused."""

    sample_header: Sequence[str] = ("row", *SaleRow._fields)

    def __init__(self, actor: Actor, options: Options) -> None:
        self.actor = actor
        reading = read_file(options, sales(options.dates))
        self.row_count = reading.count
        self.errors = reading.errors
        with transaction.atomic():
            self.places = places(actor, options.outlet)
            self.variations = variations_by_sku()
        for number, row in reading.rows:
            wrong = check_sku(number, row.sku, row.quantity, self.variations) or check_outlet(
                number, row.outlet, self.places
            )
            if wrong is not None:
                self.errors.append(wrong)
                reading.broken.add(row.document)
        self.documents = sales_documents(reading.rows, reading.broken)
        self.line_count = sum(len(document.rows) for document in self.documents)
        self.sample = [(number, *row) for number, row in reading.rows[:5]]
        self.notes = [f"{len(self.documents)} sales with {self.line_count} lines to post.", *ignored_note(reading)]
        if reading.broken:
            self.notes.append(f"{len(reading.broken)} sales have a row that is wrong and are left out whole.")

    def apply(self, progress: Progress) -> Result:
        """Post them, an outlet's day in each transaction."""
        tally, seconds = post_documents(
            actor=self.actor,
            places=self.places,
            variations=self.variations,
            chunks=chunks(self.documents),
            progress=progress,
        )
        return told(tally, "sales", seconds)
