"""The lists of stock begin where their page begins: each has an index that leads there, and the database uses it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

import psycopg
from django.db import connection, transaction
from tests.stock.conftest import Shop

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.stock.operations import IssueLine, ReceiptLine, deduct_stock, receive_stock
from lotkeeper.stock.policies import MovementKind
from lotkeeper.stock.queries import (
    BatchesWanted,
    MovementsWanted,
    StockWanted,
    Window,
    batches,
    movements,
    on_hand,
)

_LIMIT = 11
#: Which of a batch's two indexes is cheaper hangs on how long its history is.
OF_BATCH = "(?:movement_as_of|stock_movement_pkey)"


def trade(shop: Shop) -> list[ItemVariation]:
    """Enough lines that reading them all would be the wrong way."""
    items = [shop.variation() for _ in range(40)]
    for number in range(8):
        lines = [ReceiptLine(item.pk, Decimal(90), f"B{number}", dt.date(2030, 1, 1 + number), None) for item in items]
        receive_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=lines, confirmed=True)
    for _ in range(60):
        sold = [IssueLine(item.pk, Decimal(1)) for item in items]
        deduct_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=sold, reference_id=uuid4().hex)
    return items


def plan_of(read: Callable[[], Any]) -> str:
    """How the database would carry out what a query asks."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, statement: str, values: Any, *rest: Any) -> Any:
        asked.append((statement, values))
        return execute(statement, values, *rest)

    with transaction.atomic():
        with connection.execute_wrapper(note):
            list(read())
        found = []
        with connection.cursor() as cursor:
            for statement, values in asked:
                if not statement.startswith("SET"):
                    cursor.execute(f"EXPLAIN {statement}", values)
                    found += [line for (line,) in cursor.fetchall()]
    return "\n".join(found)


def conditions(plan: str, index: str) -> Sequence[str]:
    """What each use of an index looks for."""
    return re.findall(rf"using {index} on .*\n\s+Index Cond: (.*)", plan)


def test_each_list_begins_at_its_page(shop: Shop, owner_connection: psycopg.Connection) -> None:
    items = trade(shop)
    owner_connection.execute("ANALYZE")
    with transaction.atomic():
        middle = movements(shop.actor, MovementsWanted(), Window(None, 900))[-1]
    key = [middle.recorded_at.isoformat(), middle.batch_id, middle.version]

    for backwards, sign in ((False, ">"), (True, "<")):
        window = Window(key, _LIMIT, backwards)
        for wanted in (MovementsWanted(), MovementsWanted(movement_type=MovementKind.SALE)):
            plan = plan_of(lambda w=wanted, window=window: movements(shop.actor, w, window))  # type: ignore[misc]
            (history,) = conditions(plan, "movement_history")
            assert "outlet_id = o.outlet_id" in history
            assert f"ROW(recorded_at, batch_id, version) {sign} ROW(" in history
    of_batch = plan_of(lambda: movements(shop.actor, MovementsWanted(batch_id=middle.batch_id), Window(key, _LIMIT)))
    assert "(batch_id = b_1.id)" in conditions(of_batch, OF_BATCH)[0]
    wanted = MovementsWanted(operation_id=middle.operation_id)
    of_operation = plan_of(lambda: movements(shop.actor, wanted, Window(None, _LIMIT)))
    assert "operation_id = " in conditions(of_operation, "movement_of_operation")[0]

    there = Window([shop.outlet.pk, items[20].pk], _LIMIT)
    then = plan_of(lambda: on_hand(shop.actor, StockWanted(as_of=middle.recorded_at), there))
    assert "(batch_id = b.id)" in conditions(then, OF_BATCH)[0]
    expiring = Window(["2030-01-05", key[0], 1], _LIMIT)
    plan = plan_of(lambda: batches(shop.actor, BatchesWanted(in_stock=True), expiring))
    assert "expiry_date >= '2030-01-05'::date" in conditions(plan, "(?:batch_expiring|batch_fefo)")[0]
