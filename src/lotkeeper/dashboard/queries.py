"""What needs attention today, read from the slices below. Changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from django.db.models import Q

from lotkeeper.accounts.policies import Actor
from lotkeeper.core.postgres.statements import rows, statement
from lotkeeper.stock.models import Batch
from lotkeeper.stock.policies import BatchStatus, outlet_today
from lotkeeper.stock.queries import (
    SOON_DAYS,
    Attention,
    BatchView,
    StockRow,
    StockRowsWanted,
    Window,
    stock_rows,
    visible_outlets,
)
from lotkeeper.transfers.models import TransferStatus
from lotkeeper.transfers.queries import transfers

WEEKS: Final = 12
SOLD_DAYS: Final = 30
#: So many of each list; the pages behind have the rest.
SHOWN: Final = 7


class OutletStock(NamedTuple):
    """What lies at one outlet: how many lots, and what they cost."""

    outlet_id: int
    name: str
    lots: int
    value: Decimal
    soon_value: Decimal
    soon_lots: int
    expired_value: Decimal
    expired_lots: int


class Week(NamedTuple):
    """What expires in one of the coming weeks."""

    first_day: dt.date
    value: Decimal
    lots: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What somebody sees first."""

    outlets: Sequence[OutletStock]
    weeks: Sequence[Week]
    #: What was sold on each of the last days, at cost, the oldest first.
    sold: Sequence[Decimal]
    expired: Sequence[BatchView]
    use_first: Sequence[BatchView]
    low: Sequence[StockRow]
    in_transit: int

    @property
    def total(self) -> OutletStock:
        """All outlets together."""
        return OutletStock(
            outlet_id=0,
            name="",
            lots=sum(outlet.lots for outlet in self.outlets),
            value=sum((outlet.value for outlet in self.outlets), Decimal(0)),
            soon_value=sum((outlet.soon_value for outlet in self.outlets), Decimal(0)),
            soon_lots=sum(outlet.soon_lots for outlet in self.outlets),
            expired_value=sum((outlet.expired_value for outlet in self.outlets), Decimal(0)),
            expired_lots=sum(outlet.expired_lots for outlet in self.outlets),
        )


def overview_of(actor: Actor, *, outlet_id: int | None, now: dt.datetime, timezone: str) -> Overview:
    """What needs attention at the outlets that the actor may see, or at one of them.

    Args:
        actor: who looks.
        outlet_id: one outlet, or None for all.
        now: the moment.
        timezone: the business's; it decides which day a sale belongs to.

    Raises:
        NotFound: for an outlet that is not theirs to see.
    """
    outlets = visible_outlets(actor, outlet_id)
    today = outlet_today(timezone, now)
    since = now - dt.timedelta(days=SOLD_DAYS)
    by_outlet = rows(_text("stock_by_outlet"), {"outlets": outlets, "soon_days": SOON_DAYS})
    by_week = rows(_text("expiring_by_week"), {"outlets": outlets, "today": today, "weeks": WEEKS})
    by_day = dict(rows(_text("sold_by_day"), {"outlets": outlets, "since": since, "timezone": timezone}))
    weeks = {week: (value, lots) for week, value, lots in by_week}
    low = StockRowsWanted(outlet_id=outlet_id, attention=Attention.LOW)
    return Overview(
        outlets=[OutletStock(*row) for row in by_outlet],
        weeks=[
            Week(today + dt.timedelta(weeks=number), *weeks.get(number, (Decimal(0), 0))) for number in range(WEEKS)
        ],
        sold=[by_day.get(today - dt.timedelta(days=ago), Decimal(0)) for ago in range(SOLD_DAYS - 1, -1, -1)],
        expired=_lots(outlets, now, Q(expiry_date__lt=today), expired=True),
        use_first=_lots(outlets, now, Q(expiry_date__gte=today, status=BatchStatus.AVAILABLE), expired=False),
        low=stock_rows(actor, low, Window(None, SHOWN), today=today),
        in_transit=transfers(actor, outlet_id=outlet_id, status=TransferStatus.IN_TRANSIT).count(),
    )


def _text(name: str) -> str:
    return statement("lotkeeper.dashboard", f"queries/{name}")


def _lots(outlets: Sequence[int], now: dt.datetime, wanted: Q, *, expired: bool) -> Sequence[BatchView]:
    found = Batch.objects.select_related("outlet", "variation__product").filter(
        wanted, outlet_id__in=outlets, in_stock=True
    )
    views = [
        BatchView(batch, outlet_today(batch.outlet.timezone, now))
        for batch in found.order_by("expiry_date", "received_at", "id")[: SHOWN * 2]
    ]
    return [view for view in views if view.is_expired is expired][:SHOWN]
