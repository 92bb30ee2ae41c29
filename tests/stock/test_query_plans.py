"""The lists of stock begin where their page begins: each has an index that leads there, and uses it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection, transaction
from tests.stock.conftest import Shop

from lotkeeper.stock.policies import MovementKind
from lotkeeper.stock.queries import MovementsWanted, StockWanted, Window, movements, on_hand

_MOMENT = "2026-01-01T00:00:00+00:00"
_LIMIT = 51


def plans(read: Callable[[], Any]) -> str:
    """How the database would carry out what a query asks, on tables too large to be read through."""
    asked: list[tuple[str, Any]] = []

    def note(execute: Any, statement: str, values: Any, *rest: Any) -> Any:
        asked.append((statement, values))
        return execute(statement, values, *rest)

    found = []
    with transaction.atomic():
        with connection.execute_wrapper(note):
            list(read())
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            for statement, values in asked:
                if not statement.startswith("SET"):
                    cursor.execute(f"EXPLAIN {statement}", values)
                    found += [line for (line,) in cursor.fetchall()]
    return "\n".join(found)


def conditions(plan: str, index: str) -> Sequence[str]:
    """What each use of an index looks for."""
    return re.findall(rf"using {index} on .*\n\s+Index Cond: (.*)", plan)


@pytest.mark.parametrize("backwards", [False, True])
def test_history_of_outlets(shop: Shop, *, backwards: bool) -> None:
    shop.receive(shop.variation(), 5)
    window = Window([_MOMENT, 1, 1], _LIMIT, backwards=backwards)
    for wanted in (MovementsWanted(), MovementsWanted(movement_type=MovementKind.SALE)):
        found = conditions(plans(lambda w=wanted: movements(shop.actor, w, window)), "movement_history")  # type: ignore[misc]
        sign = "<" if backwards else ">"
        assert len(found) == 1
        assert "outlet_id = o.outlet_id" in found[0]
        assert f"ROW(recorded_at, batch_id, version) {sign} ROW(" in found[0]


def test_history_of_a_variation_and_of_an_operation(shop: Shop) -> None:
    item = shop.variation()
    operation = shop.receive(item, 5)
    window = Window([_MOMENT, 1, 1], _LIMIT)

    of_variation = plans(lambda: movements(shop.actor, MovementsWanted(variation_id=item.pk), window))
    of_operation = plans(lambda: movements(shop.actor, MovementsWanted(operation_id=operation), window))

    # Which of a batch's two indexes is cheaper hangs on how long its history is.
    of_batch = conditions(of_variation, "(?:movement_as_of|stock_movement_pkey)")
    assert any("batch_id = b.id" in condition for condition in of_batch)
    assert "operation_id = " in conditions(of_operation, "movement_of_operation")[0]


def test_stock_now_and_as_it_was(shop: Shop) -> None:
    shop.receive(shop.variation(), 5)
    window = Window([shop.outlet.pk, 1], _LIMIT)

    now = plans(lambda: on_hand(shop.actor, StockWanted(), window))
    then = plans(lambda: on_hand(shop.actor, StockWanted(as_of=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)), window))

    for plan in (now, then):
        assert "ROW(outlet_id, variation_id) > ROW(" in conditions(plan, "stock_item_pkey")[0]
    of_batch = conditions(then, "(?:movement_as_of|stock_movement_pkey)")
    assert any("batch_id = b.id" in condition for condition in of_batch)
