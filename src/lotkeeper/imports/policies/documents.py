"""What an import posts: documents, in chunks of one outlet and one day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import groupby

#: A chunk is one transaction: large enough for the set-based posting, small enough for its locks to be short.
CHUNK_LINES = 5000


class DocumentKind(StrEnum):
    """What happened. A chunk posts its documents in this order, each kind in the order of the file."""

    SALE = "sale"
    CUSTOMER_RETURN = "return"
    DAMAGE = "damage"
    ADJUSTMENT = "adjustment"


_ORDER = {kind: position for position, kind in enumerate(DocumentKind)}


@dataclass(slots=True)
class Document:
    """One receipt, return or note: it posts whole or not at all.

    Quantities are signed only in an adjustment. ``sale`` is the reference of the sale whose goods come back.
    """

    kind: DocumentKind
    reference: str
    occurred_at: dt.datetime
    outlet: str | None = None
    reason: str = ""
    sale: str | None = None
    skus: list[str] = field(default_factory=list)
    quantities: list[Decimal] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def add(self, row: int, sku: str, quantity: Decimal) -> None:
        """One more line."""
        self.skus.append(sku)
        self.quantities.append(quantity)
        self.rows.append(row)

    def fingerprint(self, outlet_id: int) -> bytes:
        """SHA-256 over what it says of an outlet, whatever file it stands in: tells a retry from a mistake."""
        lines = [f"{sku}\x1f{quantity.normalize():f}" for sku, quantity in zip(self.skus, self.quantities, strict=True)]
        told = (self.kind, str(outlet_id), self.occurred_at.isoformat(), self.reason, self.sale or "", *lines)
        return hashlib.sha256("\x1e".join(told).encode()).digest()


@dataclass(frozen=True, slots=True)
class Chunk:
    """Documents of one outlet and one day that are posted in one transaction, in the order of posting."""

    outlet: str | None
    day: dt.date
    documents: Sequence[Document]

    @property
    def line_count(self) -> int:
        """How many lines its documents have."""
        return sum(len(document.rows) for document in self.documents)

    def of(self, kind: DocumentKind) -> list[Document]:
        """Its documents of one kind."""
        return [document for document in self.documents if document.kind is kind]


def chunks(documents: Iterable[Document]) -> Iterator[Chunk]:
    """The documents by day and outlet, each day of an outlet in pieces of some 5 000 lines."""
    in_order = sorted(documents, key=_day_and_outlet)
    for (day, outlet), of_day in groupby(in_order, key=_day_and_outlet):
        piece: list[Document] = []
        lines = 0
        for document in of_day:
            if piece and lines + len(document.rows) > CHUNK_LINES:
                yield _chunk(outlet, day, piece)
                piece, lines = [], 0
            piece.append(document)
            lines += len(document.rows)
        yield _chunk(outlet, day, piece)


def _day_and_outlet(document: Document) -> tuple[dt.date, str]:
    return document.occurred_at.date(), document.outlet or ""


def _chunk(outlet: str, day: dt.date, documents: Sequence[Document]) -> Chunk:
    return Chunk(outlet or None, day, sorted(documents, key=lambda document: _ORDER[document.kind]))
