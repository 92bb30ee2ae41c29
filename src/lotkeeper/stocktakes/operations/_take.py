"""A stock take that is being changed: locked, with its state and the person's right to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, Final

from django.db import connection

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import NotFound
from lotkeeper.core.postgres.statements import change, statement
from lotkeeper.stocktakes.errors import StockTakeClosed
from lotkeeper.stocktakes.models import StockTake, StockTakeStatus
from lotkeeper.stocktakes.queries import SLICE

OPEN: Final = frozenset({StockTakeStatus.DRAFT, StockTakeStatus.COMPLETED})


def locked_take(
    actor: Actor,
    stock_take_id: int,
    permission: Permission,
    states: Collection[StockTakeStatus] = frozenset(StockTakeStatus),
) -> StockTake:
    """The stock take, locked until the transaction ends: who counts, completes or posts it goes one after the other.

    Raises:
        NotFound, PermissionRefused.
        StockTakeClosed: if it is in none of these states.
    """
    take: StockTake | None = StockTake.objects.filter(pk=stock_take_id).select_for_update(no_key=True).first()
    if take is None or not actor.may(Permission.VIEW, take.outlet_id):
        raise NotFound("stock take", stock_take_id=stock_take_id)
    actor.require(permission, take.outlet_id)
    if take.status not in states:
        raise StockTakeClosed(stock_take_id=take.pk, status=take.status)
    return take


def database_now() -> dt.datetime:
    """The server's clock, by which the ledger dates its lines."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lk.clock()")
        moment: dt.datetime = cursor.fetchone()[0]
    return moment


def link_found(take: StockTake) -> None:
    """Goods that were found before their delivery was entered are that delivery's batch."""
    changed(take, "link_found")


def changed(take: StockTake, name: str, **values: Any) -> int:
    """Run one of the slice's statements that change lines of a stock take; says how many."""
    told: Mapping[str, Any] = {"stock_take_id": take.pk, "outlet_id": take.outlet_id, **values}
    return change(statement(SLICE, f"changes/{name}"), told)
