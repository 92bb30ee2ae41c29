"""The rules of stock as pure functions: what is sellable, which batch goes first. No Django, no database.

The database decides with the same rules under its locks (``sql/functions``); these twins serve previews, and they are
the model that the property tests hold the database to.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo


class MovementKind(StrEnum):
    """Why stock moved. The sign is fixed by the kind; the database checks it."""

    OPENING = "opening"
    PURCHASE = "purchase"
    SALE = "sale"
    CUSTOMER_RETURN = "customer_return"
    SUPPLIER_RETURN = "supplier_return"
    DAMAGE = "damage"
    EXPIRY = "expiry"
    THEFT = "theft"
    SAMPLE = "sample"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    ADJUSTMENT = "adjustment"
    REVERSAL = "reversal"
    AMEND = "amend"


class OperationKind(StrEnum):
    """The business event a group of movements belongs to."""

    RECEIPT = "receipt"
    ISSUE = "issue"
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write_off"
    RETURN = "return"
    TRANSFER = "transfer"
    TRANSFER_RECEIPT = "transfer_receipt"
    RESERVATION = "reservation"
    REVERSAL = "reversal"
    AMENDMENT = "amendment"
    STOCK_TAKE = "stock_take"


class BatchStatus(StrEnum):
    """Whether a batch may be sold."""

    AVAILABLE = "available"
    HELD = "held"
    RECALLED = "recalled"
    ARCHIVED = "archived"


#: The kinds that take stock out by the FEFO rule; write-offs, returns and counts name their batch.
ISSUE_KINDS = frozenset({MovementKind.SALE, MovementKind.SAMPLE})
WRITE_OFF_KINDS = frozenset({MovementKind.DAMAGE, MovementKind.EXPIRY, MovementKind.THEFT, MovementKind.SAMPLE})


def outlet_today(timezone: str, now: dt.datetime | None = None) -> dt.date:
    """The local date at an outlet: what "today" means for expiry there."""
    instant = now if now is not None else dt.datetime.now(dt.UTC)
    return instant.astimezone(ZoneInfo(timezone)).date()


def is_expired(expiry_date: dt.date | None, sell_by_margin_days: int, today: dt.date) -> bool:
    """Whether stock may no longer be sold. The printed day is still good; undated stock never expires."""
    return expiry_date is not None and expiry_date - dt.timedelta(days=sell_by_margin_days) < today


@dataclass(frozen=True, slots=True)
class Lot:
    """What the rule needs to know of a batch."""

    batch_id: int
    quantity: Decimal
    expiry_date: dt.date | None
    received_at: dt.datetime
    status: BatchStatus = BatchStatus.AVAILABLE


@dataclass(frozen=True, slots=True)
class Pick:
    """So much of this batch."""

    batch_id: int
    quantity: Decimal


def is_sellable(lot: Lot, *, sell_by_margin_days: int, today: dt.date) -> bool:
    """Whether a batch may be sold today: in stock, not held or recalled, not expired."""
    return (
        lot.quantity > 0
        and lot.status is BatchStatus.AVAILABLE
        and not is_expired(lot.expiry_date, sell_by_margin_days, today)
    )


def fefo_key(lot: Lot) -> tuple[bool, dt.date, dt.datetime, int]:
    """First expired first, undated last, then by receipt."""
    return (lot.expiry_date is None, lot.expiry_date or dt.date.max, lot.received_at, lot.batch_id)


def fifo_key(lot: Lot) -> tuple[dt.datetime, int]:
    """First received first."""
    return (lot.received_at, lot.batch_id)


def pick_fefo(
    lots: Iterable[Lot], quantity: Decimal, *, sell_by_margin_days: int, today: dt.date, fifo: bool = False
) -> tuple[Sequence[Pick], Decimal]:
    """Which batches an issue takes, and how much is missing (0 when it can be met).

    Args:
        lots: the batches of one variation at one outlet, in any order.
        quantity: how much is wanted, in the base unit.
        sell_by_margin_days: days before the printed date at which selling stops.
        today: the outlet's local date.
        fifo: take by receipt instead of by expiry.
    """
    sellable = [lot for lot in lots if is_sellable(lot, sell_by_margin_days=sell_by_margin_days, today=today)]
    picks: list[Pick] = []
    missing = quantity
    for lot in sorted(sellable, key=fifo_key if fifo else fefo_key):
        if missing <= 0:
            break
        taken = min(missing, lot.quantity)
        picks.append(Pick(lot.batch_id, taken))
        missing -= taken
    return picks, max(missing, Decimal(0))
