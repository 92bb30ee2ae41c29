"""Opening stock: what stands on the shelves when the books are opened."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lotkeeper.accounts.policies import Actor
from lotkeeper.imports.operations.postings import Tally
from lotkeeper.imports.queries import Known, Place
from lotkeeper.stock.operations import Arrival, Entry, import_opening_stock
from lotkeeper.stock.policies import OperationKind

_REFERENCE_LIMIT = 200


@dataclass(frozen=True, slots=True)
class OpeningLine:
    """So much of one batch, from one row of a file."""

    row: int
    sku: str
    batch_number: str
    expiry_date: dt.date | None
    quantity: Decimal
    unit_cost: Decimal | None

    @property
    def identity(self) -> str:
        """What tells this batch from the others of its outlet."""
        cost = "" if self.unit_cost is None else f"{self.unit_cost.normalize():f}"
        return f"{self.sku}/{self.batch_number}/{self.expiry_date or ''}/{cost}"


def post_opening_stock(
    *,
    actor: Actor,
    place: Place,
    variations: Mapping[str, Known],
    lines: Sequence[OpeningLine],
    opened_at: dt.datetime | None = None,
) -> Tally:
    """Receive opening stock in one transaction: a batch that was received before is left as it is.

    Args:
        actor: who imports.
        place: where the stock stands.
        variations: what the SKUs mean; every one of the lines is there.
        lines: a batch each.
        opened_at: since when it stands there; now, if nobody says.

    Raises:
        PermissionRefused.
    """
    receipts = [
        (_entry(place, line, opened_at), [(line.quantity, _arrival(place, variations, line, opened_at))])
        for line in lines
    ]
    tally = Tally()
    outcomes = import_opening_stock(actor=actor, outlet_id=place.outlet_id, receipts=receipts)
    for line, outcome in zip(lines, outcomes, strict=True):
        tally.count(f"{line.sku} {line.batch_number}", 1, outcome, [line.row])
    return tally


def _entry(place: Place, line: OpeningLine, opened_at: dt.datetime | None) -> Entry:
    return Entry(
        OperationKind.RECEIPT,
        hashlib.sha256(f"{line.identity}={line.quantity.normalize():f}".encode()).digest(),
        _reference(place, line),
        occurred_at=opened_at,
    )


def _reference(place: Place, line: OpeningLine) -> str:
    """The batch itself: a second file that names it is a retry, or a mistake."""
    reference = f"opening/{place.outlet_id}/{line.identity}"
    if len(reference) <= _REFERENCE_LIMIT:
        return reference
    return f"opening/{place.outlet_id}/{hashlib.sha256(line.identity.encode()).hexdigest()}"


def _arrival(
    place: Place, variations: Mapping[str, Known], line: OpeningLine, opened_at: dt.datetime | None
) -> Arrival:
    variation_id = variations[line.sku].variation_id
    return Arrival(place.outlet_id, variation_id, line.batch_number, line.expiry_date, line.unit_cost, opened_at)
