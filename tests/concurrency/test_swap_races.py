"""Two batches are swapped by no more than they differ by, however many people think of it at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from tests.concurrency.racing import at_once, unsound_batches
from tests.stock.conftest import Shop

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.stock.operations import Posting
from lotkeeper.stocktakes.errors import NoSwap
from lotkeeper.stocktakes.models import StockTake, StockTakeItem
from lotkeeper.stocktakes.operations import Observation, Scope, open_stock_take, swap_batches


def _mistaken(shop: Shop, item: ItemVariation) -> tuple[StockTake, Sequence[int]]:
    """A is short by 3, B is over by 3."""
    seen = [
        Observation(shop.receive(item, 20, "A"), Decimal(17)),
        Observation(shop.receive(item, 20, "B"), Decimal(23)),
    ]
    take = open_stock_take(actor=shop.actor, outlet_id=shop.outlet.pk, scope=Scope(), counted=seen)
    with transaction.atomic():
        return take, list(
            StockTakeItem.objects.filter(stock_take=take).order_by("batch_id").values_list("id", flat=True)
        )


def _swap(shop: Shop, take: StockTake, items: Sequence[int], reference: str | None = None) -> Posting:
    return swap_batches(
        actor=shop.actor,
        stock_take_id=take.pk,
        short_item_id=items[0],
        over_item_id=items[1],
        quantity=Decimal(3),
        reference_id=reference,
    )


@pytest.mark.usefixtures("locks_on")
def test_of_six_who_swap_at_once_one_does(shop: Shop) -> None:
    item = shop.variation()
    take, items = _mistaken(shop, item)

    answers = at_once(*[partial(_swap, shop, take, items)] * 6)

    assert sorted(type(answer).__name__ for answer in answers) == ["NoSwap"] * 5 + ["Posting"]
    assert shop.on_hand(item) == {"A": 17, "B": 23}
    assert unsound_batches() == []


def test_one_request_sent_six_times_at_once_gets_one_answer(shop: Shop) -> None:
    item = shop.variation()
    take, items = _mistaken(shop, item)

    answers = at_once(*[partial(_swap, shop, take, items, "swap-1")] * 6)

    postings = [answer for answer in answers if isinstance(answer, Posting)]
    assert len({posting.operation_id for posting in postings}) == 1
    assert sorted(posting.replayed for posting in postings) == [False] + [True] * 5
    assert shop.on_hand(item) == {"A": 17, "B": 23}


def _without_row_locks(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    answer = execute(sql.replace(" FOR NO KEY UPDATE", ""), params, many, context)
    # Everybody has looked at the differences before anybody posts.
    if "is_superseded" in sql:
        time.sleep(0.5)
    return answer


def test_without_the_lock_on_the_stock_take_more_is_swapped_than_differs(shop: Shop) -> None:
    item = shop.variation()
    take, items = _mistaken(shop, item)

    def swap() -> Posting:
        with connection.execute_wrapper(_without_row_locks):
            return _swap(shop, take, items)

    answers = at_once(*[swap] * 3)

    assert len([answer for answer in answers if isinstance(answer, Posting)]) > 1
    assert not [answer for answer in answers if not isinstance(answer, Posting | NoSwap)]
    assert shop.on_hand(item) != {"A": 17, "B": 23}
