"""Shelves are counted, posted and sold from at the same moment."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction
from tests.concurrency.racing import at_once, deadlocks, sqlstate, unsound_batches, wait_until_blocked
from tests.stock.conftest import Shop

from lotkeeper.stock.errors import ReferenceReused
from lotkeeper.stock.models import Count, Operation, StockMovement
from lotkeeper.stock.operations import IssueLine, deduct_stock
from lotkeeper.stocktakes.models import StockTake, StockTakeItem, StockTakeObservation
from lotkeeper.stocktakes.operations import (
    Observation,
    Recorded,
    Scope,
    complete_stock_take,
    open_stock_take,
    reconcile_stock_take,
    record_counts,
)
from lotkeeper.stocktakes.operations._take import database_now

UNIQUE_VIOLATION = "23505"


def _open(shop: Shop, reference: str | None = None) -> StockTake:
    return open_stock_take(actor=shop.actor, outlet_id=shop.outlet.pk, scope=Scope(), reference_id=reference)


def _see(shop: Shop, take: StockTake, *seen: tuple[int, int], numbers: list[UUID] | None = None) -> Recorded:
    told = numbers or [uuid4() for _ in seen]
    observations = [
        Observation(batch, Decimal(quantity), client_id=number)
        for (batch, quantity), number in zip(seen, told, strict=True)
    ]
    return record_counts(actor=shop.actor, stock_take_id=take.pk, observations=observations)


def _counted(shop: Shop, *seen: tuple[int, int]) -> StockTake:
    take = _open(shop)
    _see(shop, take, *seen)
    return take


def _reconcile(shop: Shop, take: StockTake) -> tuple[StockTake, int]:
    return reconcile_stock_take(actor=shop.actor, stock_take_id=take.pk)


def _sell(shop: Shop, *variations: int, occurred_at: dt.datetime | None = None) -> int:
    lines = [IssueLine(each, Decimal(1)) for each in variations]
    return deduct_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=lines, occurred_at=occurred_at).operation_id


def _takes_posted() -> int:
    with transaction.atomic():
        return Operation.objects.filter(kind="stock_take").count()


def _without(*words: str) -> Callable[..., Any]:
    """Statements without these words, and a pause where there were any: what was read grows old."""

    def execute_without(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        less = sql
        for each in words:
            less = less.replace(each, "")
        answer = execute(less, params, many, context)
        if less != sql:
            time.sleep(0.05)
        return answer

    return execute_without


def _unguarded(task: Callable[[], Any], *words: str) -> Callable[[], Any]:
    def run() -> Any:
        with connection.execute_wrapper(_without(*words)):
            return task()

    return run


# --- one stock take --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("locks_on")
def test_a_count_reconciled_by_six_at_once_is_posted_once(shop: Shop) -> None:
    item = shop.variation()
    take = _counted(shop, (shop.receive(item, 10), 8))

    answers = at_once(*[partial(_reconcile, shop, take)] * 6)

    told = [answer for answer in answers if isinstance(answer, tuple)]
    assert sorted((each.replayed, adjusted) for each, adjusted in told) == [(False, 1)] + [(True, 1)] * 5
    assert _takes_posted() == 1
    assert shop.on_hand(item) == {"A": 8}
    assert unsound_batches() == []


def test_without_the_row_lock_a_count_is_posted_twice(shop: Shop) -> None:
    item = shop.variation()
    take = _counted(shop, (shop.receive(item, 10), 8))
    complete_stock_take(actor=shop.actor, stock_take_id=take.pk)

    at_once(*[_unguarded(partial(_reconcile, shop, take), " FOR NO KEY UPDATE")] * 2)

    assert _takes_posted() == 2
    # Even so nothing is lost twice: what the first found is in the book that the second looks at.
    assert shop.on_hand(item) == {"A": 8}


@pytest.mark.usefixtures("locks_on")
def test_the_same_request_sent_twenty_times_at_once_opens_one_count(shop: Shop) -> None:
    answers = at_once(*[partial(_open, shop, "monday")] * 20)

    takes = [answer for answer in answers if isinstance(answer, StockTake)]
    assert sorted(take.replayed for take in takes) == [False] + [True] * 19
    assert len({take.pk for take in takes}) == 1
    with transaction.atomic():
        assert StockTake.objects.count() == 1


@pytest.mark.usefixtures("take_keys_off")
def test_without_the_key_the_same_request_opens_several_counts(shop: Shop) -> None:
    at_once(*[partial(_open, shop, "monday")] * 20)

    with transaction.atomic():
        assert StockTake.objects.count() > 1


@pytest.mark.usefixtures("locks_on")
def test_what_is_sent_eight_times_at_once_is_kept_once(shop: Shop) -> None:
    item = shop.variation()
    batches = [shop.receive(item, 10, number) for number in "ABC"]
    take, numbers = _open(shop), [uuid4() for _ in batches]
    seen = [(batch, 9) for batch in batches]

    answers = at_once(*[partial(_see, shop, take, *seen, numbers=numbers)] * 8)

    told = [(each.recorded, each.known) for each in answers if isinstance(each, Recorded)]
    assert sorted(told) == [(0, 3)] * 7 + [(3, 0)]
    with transaction.atomic():
        assert StockTakeObservation.objects.count() == 3


@pytest.mark.usefixtures("take_keys_off")
def test_without_lock_and_key_what_is_sent_twice_is_kept_twice(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    take, numbers = _open(shop), [uuid4()]
    guards = (" FOR NO KEY UPDATE", "ON CONFLICT (tenant_id, client_id) DO NOTHING")

    at_once(*[_unguarded(partial(_see, shop, take, (batch, 9), numbers=numbers), *guards)] * 2)

    with transaction.atomic():
        assert StockTakeObservation.objects.filter(client_id=numbers[0]).count() == 2


def test_what_is_sent_to_two_counts_at_once_is_kept_for_one_and_refused_for_the_other(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    for _ in range(4):
        takes, numbers = [_open(shop), _open(shop)], [uuid4()]

        answers = at_once(*[partial(_see, shop, take, (batch, 9), numbers=numbers) for take in takes])

        assert sorted(type(answer).__name__ for answer in answers) == ["Recorded", "ReferenceReused"]
        (loser,) = [take for take, answer in zip(takes, answers, strict=True) if isinstance(answer, ReferenceReused)]
        with transaction.atomic():
            assert StockTakeObservation.objects.filter(client_id=numbers[0]).count() == 1
            assert not StockTakeItem.objects.filter(stock_take=loser).exists()


def test_who_waits_for_others_of_the_same_count_has_seen_the_shelf_before(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    take, held = _open(shop), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            StockTake.objects.select_for_update(no_key=True).get(pk=take.pk)
            held.set()
            wait_until_blocked(1)
            # Somebody else's sale, while the counter waits.
            sold.wait(10)

    def see() -> None:
        assert held.wait(10)
        _see(shop, take, (batch, 10))

    def sell() -> None:
        assert held.wait(10)
        wait_until_blocked(1)
        _sell(shop, item.pk)
        sold.set()

    sold = threading.Event()
    assert at_once(hold, see, sell) == [None] * 3
    _, adjusted = _reconcile(shop, take)

    assert adjusted == 0
    assert shop.on_hand(item) == {"A": 9}


# --- several stock takes, and tills ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("locks_on")
def test_two_counts_of_one_batch_posted_at_once_find_a_loss_once(shop: Shop) -> None:
    for _ in range(4):
        item = shop.variation()
        batch = shop.receive(item, 10)
        takes = [_counted(shop, (batch, 8)), _counted(shop, (batch, 8))]

        answers = at_once(*[partial(_reconcile, shop, take) for take in takes])

        assert sorted(adjusted for _, adjusted in (each for each in answers if isinstance(each, tuple))) == [0, 1]
        assert shop.on_hand(item) == {"A": 8}
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_off")
def test_without_locks_two_counts_find_a_loss_twice(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    takes = [_counted(shop, (batch, 8)), _counted(shop, (batch, 8))]

    answers = at_once(*[partial(_reconcile, shop, take) for take in takes])

    # Or they write at the same moment too, and the chain refuses one of them.
    assert UNIQUE_VIOLATION in {sqlstate(answer) for answer in answers} or shop.on_hand(item) == {"A": 6}


def _offline_sale_beside_posting(shop: Shop) -> tuple[bool, Decimal, Decimal] | None:
    """Whether a sale made before the counting came before its posting, what book was posted, what is on hand.

    None if one of the two failed.
    """
    item = shop.variation()
    batch = shop.receive(item, 10)
    sold_at = database_now()
    take = _counted(shop, (batch, 9))
    complete_stock_take(actor=shop.actor, stock_take_id=take.pk)

    sale, posted = at_once(partial(_sell, shop, item.pk, occurred_at=sold_at), partial(_reconcile, shop, take))

    if isinstance(sale, Exception) or isinstance(posted, Exception):
        return None
    with transaction.atomic():
        # The first: one that held it up may have followed.
        count = Count.objects.filter(batch_id=batch).earliest("id")
        line = StockMovement.objects.get(batch_id=batch, operation_id=sale)
        adjustment = StockMovement.objects.filter(batch_id=batch, operation_id=count.operation_id).first()
    first = adjustment is None or line.version < adjustment.version
    return first, count.book, shop.on_hand(item)["A"]


@pytest.mark.usefixtures("locks_on")
def test_a_sale_entered_late_is_in_the_book_that_is_posted_or_finds_the_count_and_holds_it_up(shop: Shop) -> None:
    for _ in range(8):
        assert _offline_sale_beside_posting(shop) in [(True, 9, 9), (False, 10, 9)]
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_off")
def test_without_locks_a_sale_entered_late_comes_between_looking_and_posting(shop: Shop) -> None:
    found = {_offline_sale_beside_posting(shop) for _ in range(8)}

    assert found & {(True, 10, 8), (False, 10, 8), None}


def _count_beside_tills(shop: Shop, rounds: int) -> list[Any]:
    """Tills with baskets in both orders, counters, and counts that are posted one after the other."""
    items = [shop.variation() for _ in range(4)]
    batches = [shop.receive(item, 1000) for item in items]
    variations = [item.pk for item in items]
    takes = [_counted(shop, *[(batch, 1000) for batch in batches]) for _ in range(rounds)]
    open_ = _open(shop)

    def till(basket: list[int]) -> None:
        for _ in range(rounds):
            _sell(shop, *basket)

    def counter() -> None:
        for _ in range(rounds):
            _see(shop, open_, *[(batch, 1000) for batch in reversed(batches)])

    def post() -> None:
        for take in takes:
            _reconcile(shop, take)

    forwards, backwards = partial(till, variations), partial(till, variations[::-1])
    return at_once(forwards, backwards, forwards, backwards, counter, counter, counter, post)


@pytest.mark.usefixtures("locks_on")
def test_counters_tills_and_postings_never_deadlock(shop: Shop) -> None:
    before = deadlocks()

    answers = _count_beside_tills(shop, 6)

    assert answers == [None] * 8
    assert deadlocks() == before
    with transaction.atomic():
        assert StockMovement.objects.filter(movement_type="sale").count() == 4 * 6 * 4
        assert not StockMovement.objects.filter(movement_type="adjustment").exists()
    assert unsound_batches() == []


@pytest.mark.usefixtures("order_off")
def test_without_an_order_of_locks_tills_and_postings_deadlock(shop: Shop) -> None:
    before = deadlocks()

    _count_beside_tills(shop, 6)

    assert deadlocks() > before
