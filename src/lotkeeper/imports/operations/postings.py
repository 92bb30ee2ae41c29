"""Documents of one outlet and one day, posted in one transaction."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lotkeeper.accounts.policies import Actor
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.imports.policies.documents import Chunk, Document, DocumentKind
from lotkeeper.imports.queries import Known, Place, SoldFrom, sold_from
from lotkeeper.stock.operations import (
    Arrival,
    BatchLine,
    BatchOperation,
    Entry,
    Fate,
    Issue,
    IssueLine,
    Outcome,
    import_corrections,
    import_sales,
)
from lotkeeper.stock.policies import MovementKind, OperationKind

#: The batch of stock that was there before the books were opened, when nobody knows its number.
OPENING_BATCH = "OPENING"

_KINDS: Mapping[DocumentKind, tuple[OperationKind, MovementKind]] = {
    DocumentKind.CUSTOMER_RETURN: (OperationKind.RETURN, MovementKind.CUSTOMER_RETURN),
    DocumentKind.DAMAGE: (OperationKind.WRITE_OFF, MovementKind.DAMAGE),
    DocumentKind.ADJUSTMENT: (OperationKind.ADJUSTMENT, MovementKind.ADJUSTMENT),
}


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """A document that was not posted, with the rows it is about, and why."""

    reference: str
    rows: Sequence[int]
    line_count: int
    why: str


@dataclass(slots=True)
class Tally:
    """What became of documents and their lines."""

    posted: int = 0
    posted_lines: int = 0
    replayed: int = 0
    replayed_lines: int = 0
    refused: list[RefusedDocument] = field(default_factory=list)

    @property
    def refused_lines(self) -> int:
        """How many lines belong to documents that were refused."""
        return sum(each.line_count for each in self.refused)

    def add(self, other: Tally) -> None:
        """Both together."""
        self.posted += other.posted
        self.posted_lines += other.posted_lines
        self.replayed += other.replayed
        self.replayed_lines += other.replayed_lines
        self.refused += other.refused

    def count(self, reference: str, line_count: int, outcome: Outcome, rows: Sequence[int]) -> None:
        """One more document, and what became of it.

        Args:
            reference: its number.
            line_count: how many lines it has in the file.
            outcome: what became of it.
            rows: the row of each line that it was posted with.
        """
        match outcome.fate:
            case Fate.POSTED:
                self.posted += 1
                self.posted_lines += len(rows)
            case Fate.REPLAYED:
                self.replayed += 1
                self.replayed_lines += len(rows)
            case Fate.MISMATCH:
                why = "posted before under this number, with other contents"
                self.refused.append(RefusedDocument(reference, rows, line_count, why))
            case Fate.REFUSED:
                wrong = sorted({rows[line["line"] - 1] for line in outcome.answer["lines"]})
                self.refused.append(RefusedDocument(reference, wrong, line_count, outcome.refusal().detail))


def post_chunk(
    *, actor: Actor, place: Place, variations: Mapping[str, Known], chunk: Chunk, sales: dict[str, int]
) -> Tally:
    """Post a day's documents at one outlet: all of it in one transaction, each document whole or refused by itself.

    A document that stands in the ledger already is left as it is, so a call that was cut off is simply made again.

    Args:
        actor: who imports.
        place: where; its time zone tells what the times in the file mean.
        variations: what the SKUs mean; every one of the chunk is there.
        chunk: what to post.
        sales: the operations of sales by reference, to which goods come back; those of this chunk are added.

    Raises:
        PermissionRefused.
    """
    posting = _Posting(actor, place, variations, chunk, sales)
    tally, sold = in_transaction(posting.post)
    sales |= sold
    return tally


@dataclass(frozen=True, slots=True)
class _Posting:
    actor: Actor
    place: Place
    variations: Mapping[str, Known]
    chunk: Chunk
    sales: dict[str, int]

    def post(self) -> tuple[Tally, dict[str, int]]:
        tally = Tally()
        sold = self._sell(tally)
        for kind in _KINDS:
            documents = self.chunk.of(kind)
            if documents:
                self._correct(kind, documents, ChainMap(sold, self.sales), tally)
        return tally, sold

    def _sell(self, tally: Tally) -> dict[str, int]:
        sales = self.chunk.of(DocumentKind.SALE)
        if not sales:
            return {}
        outcomes = import_sales(
            actor=self.actor,
            outlet_id=self.place.outlet_id,
            sales=[Issue(self._entry(OperationKind.ISSUE, sale), self._issue_lines(sale)) for sale in sales],
            today=self.chunk.day,
        )
        sold = {}
        for sale, outcome in zip(sales, outcomes, strict=True):
            tally.count(sale.reference, len(sale.rows), outcome, sale.rows)
            if outcome.fate in {Fate.POSTED, Fate.REPLAYED} and outcome.operation_id is not None:
                sold[sale.reference] = outcome.operation_id
        return sold

    def _correct(
        self, kind: DocumentKind, documents: Sequence[Document], sales: Mapping[str, int], tally: Tally
    ) -> None:
        operation_kind, movement_kind = _KINDS[kind]
        origins = [None if document.sale is None else sales.get(document.sale) for document in documents]
        returned = {self.variations[sku].variation_id for each in documents if each.sale for sku in each.skus}
        batches = sold_from([origin for origin in origins if origin is not None], returned)
        operations = []
        rows = []
        for document, origin in zip(documents, origins, strict=True):
            lines = list(self._batch_lines(document, movement_kind, origin, batches))
            entry = self._entry(operation_kind, document, origin)
            operations.append(BatchOperation(entry, [line for _, line in lines]))
            rows.append([row for row, _ in lines])
        outcomes = import_corrections(actor=self.actor, outlet_id=self.place.outlet_id, operations=operations)
        for document, outcome, of_lines in zip(documents, outcomes, rows, strict=True):
            tally.count(document.reference, len(document.rows), outcome, of_lines)

    def _entry(self, kind: OperationKind, document: Document, origin: int | None = None) -> Entry:
        return Entry(
            kind,
            document.fingerprint(self.place.outlet_id),
            document.reference,
            document.reason,
            occurred_at=document.occurred_at.replace(tzinfo=self.place.zone),
            refers_to=origin,
        )

    def _issue_lines(self, sale: Document) -> list[IssueLine]:
        variations = self.variations
        return [
            IssueLine(variations[sku].variation_id, quantity)
            for sku, quantity in zip(sale.skus, sale.quantities, strict=True)
        ]

    def _batch_lines(
        self, document: Document, kind: MovementKind, origin: int | None, batches: SoldFrom
    ) -> Iterator[tuple[int, BatchLine]]:
        sign = -1 if kind is MovementKind.DAMAGE else 1
        for row, sku, quantity in zip(document.rows, document.skus, document.quantities, strict=True):
            variation_id = self.variations[sku].variation_id
            rest = quantity
            if origin is not None:
                for batch_id, taken in take_back(batches[origin, variation_id], quantity):
                    yield row, BatchLine(kind, taken, batch_id)
                    rest -= taken
            if rest:
                arrival = Arrival(self.place.outlet_id, variation_id, OPENING_BATCH, None, None)
                yield row, BatchLine(kind, sign * rest, arrival)


def take_back(batches: list[tuple[int, Decimal]], quantity: Decimal) -> list[tuple[int, Decimal]]:
    """Put goods back into the batches they were sold from, the last taken first, and note what is left to come back.

    More than was sold goes to the first of them, where the database refuses it by name.
    """
    back = []
    rest = quantity
    for position, (batch_id, sold) in enumerate(batches):
        is_last = position == len(batches) - 1
        taken = rest if is_last else min(rest, max(sold, Decimal(0)))
        if taken:
            back.append((batch_id, taken))
            batches[position] = (batch_id, sold - taken)
            rest -= taken
    return back
