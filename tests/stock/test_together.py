"""Requests that come together are answered together; nobody waits for company, and nobody is forgotten."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from tests.stock.conftest import Shop

from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock import errors
from lotkeeper.stock.operations import Posting
from lotkeeper.stock.operations._together import Together


def test_one_alone_is_asked_alone_and_those_who_wait_are_asked_together() -> None:
    groups: list[list[int]] = []
    first_is_in, go_on = threading.Event(), threading.Event()

    def answer(group: Sequence[int]) -> Sequence[int]:
        groups.append(list(group))
        if len(groups) == 1:
            first_is_in.set()
            go_on.wait(10)
        return [number * 10 for number in group]

    together: Together[int, int] = Together(answer)
    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(together.ask, "till", 1)
        first_is_in.wait(10)
        others = [threads.submit(together.ask, "till", number) for number in range(2, 9)]
        while len(together._queues["till"]) < len(others):
            pass
        go_on.set()
        assert first.result(10) == 10
        assert [other.result(10) for other in others] == [20, 30, 40, 50, 60, 70, 80]

    assert groups[0] == [1]
    assert sorted(groups[1]) == [2, 3, 4, 5, 6, 7, 8]
    assert together._queues == {}


def test_a_failure_reaches_everybody_in_the_group_and_the_next_group_goes_on() -> None:
    first_is_in, go_on = threading.Event(), threading.Event()

    def answer(group: Sequence[str]) -> Sequence[str]:
        if "first" in group:
            first_is_in.set()
            go_on.wait(10)
        if "poison" in group:
            raise RuntimeError("spilt")
        return list(group)

    together: Together[str, str] = Together(answer)
    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(together.ask, "till", "first")
        first_is_in.wait(10)
        poison = threads.submit(together.ask, "till", "poison")
        while len(together._queues["till"]) < 1:
            pass
        beside = threads.submit(together.ask, "till", "beside")
        while len(together._queues["till"]) < 2:
            pass
        go_on.set()
        assert first.result(10) == "first"
        for failed in (poison, beside):
            with pytest.raises(RuntimeError, match="spilt"):
                failed.result(10)
    assert together.ask("till", "later") == "later"


def test_sales_posted_together_are_each_whole_or_refused(shop: Shop) -> None:
    plenty, scarce = shop.variation(), shop.variation()
    shop.receive(plenty, 1000)
    shop.receive(scarce, 5)

    def sell(number: int) -> Posting | errors.InsufficientStockError:
        item = scarce if number % 3 == 0 else plenty
        with tenant_scope(shop.actor.tenant_id):
            try:
                return shop.sell_at_till(item.pk, 1, reference=f"basket-{number % 30}")
            except errors.InsufficientStockError as refused:
                return refused
            finally:
                connection.close()

    assert shop.token
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(sell, range(60)))

    sold = {answer.operation_id for answer in answers if isinstance(answer, Posting)}
    refused = [answer for answer in answers if isinstance(answer, errors.InsufficientStockError)]
    assert len(sold) == 20 + 5
    assert all((line["needed"], line["available"]) == (1, 0) for each in refused for line in each.lines)
    assert shop.on_hand(plenty) == {"A": 980}
    assert shop.on_hand(scarce) == {"A": 0}
