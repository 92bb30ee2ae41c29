"""Lines of past sales, gathered into their documents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

from lotkeeper.imports.policies.documents import Document, DocumentKind
from lotkeeper.imports.policies.layouts import SaleRow


def sales_documents(rows: Iterable[tuple[int, SaleRow]], broken: Collection[str] = ()) -> Sequence[Document]:
    """The sales, without those of which a row is wrong: the rest of one would be another receipt.

    One document for each number, outlet and day; its lines need not stand together.

    The number is the reference. A number that goes on at another outlet or on another day adds that to it.
    """
    found: dict[tuple[str, str | None, dt.date], Document] = {}
    taken: set[str] = set()
    for number, row in rows:
        if row.document in broken:
            continue
        key = (row.document, row.outlet, row.sold_at.date())
        document = found.get(key)
        if document is None:
            reference = row.document
            if reference in taken:
                reference = "@".join([row.document, f"{row.sold_at:%Y-%m-%d}", *filter(None, [row.outlet])])[:200]
            taken.add(reference)
            document = found[key] = Document(DocumentKind.SALE, reference, row.sold_at, row.outlet)
        document.add(number, row.sku, row.quantity)
    return list(found.values())
