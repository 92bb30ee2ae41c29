"""Tills that sell the same goods at the same moment."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError, OperationalError, transaction
from tests.concurrency.racing import at_once, deadlocks, sqlstate, unsound_batches, wait_until_blocked
from tests.stock.conftest import Shop

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.stock import errors
from lotkeeper.stock._ledger import Entry, Fate, Issue, Outcome
from lotkeeper.stock.models import StockMovement
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    Posting,
    ReceiptLine,
    adjust_stock,
    deduct_stock,
    receive_stock,
)
from lotkeeper.stock.operations.issues import import_sales
from lotkeeper.stock.policies import OperationKind

UNIQUE_VIOLATION = "23505"


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _sell(shop: Shop, *lines: tuple[ItemVariation, int], alone: bool, reference: str | None = None) -> Posting:
    """One sale; ``alone`` in a transaction of its own, else as a till does, together with those that wait beside it."""
    (item, quantity), *others = lines
    if not alone and not others:
        return shop.sell_at_till(item.pk, quantity, reference=reference)
    return deduct_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(item.pk, Decimal(quantity)) for item, quantity in lines],
        reference_id=reference,
        # What is dated back is one of several statements of a transaction.
        occurred_at=_now() if alone else None,
    )


def _again_and_again(
    times: int, sell: Callable[[], Posting], *passing: type[Exception]
) -> Callable[[], list[Posting | Exception]]:
    def till() -> list[Posting | Exception]:
        answers: list[Posting | Exception] = []
        for _ in range(times):
            try:
                answers.append(sell())
            except passing as refused:
                answers.append(refused)
        return answers

    return till


def _run_tills(*tills: Callable[[], list[Posting | Exception]]) -> list[Posting | Exception]:
    answers: list[Posting | Exception] = []
    for each in at_once(*tills):
        assert isinstance(each, list), each
        answers += each
    return answers


def _lines(item: ItemVariation, kind: str) -> list[StockMovement]:
    with transaction.atomic():
        return list(
            StockMovement.objects.filter(variation=item, movement_type=kind)
            .select_related("batch")
            .order_by("batch_id", "version")
        )


@pytest.mark.parametrize("alone", [True, False], ids=["one by one", "posted together"])
def test_eight_tills_sell_exactly_what_there_is_and_the_first_to_expire_first(shop: Shop, *, alone: bool) -> None:
    item = shop.variation()
    shop.receive(item, 40, "late", expires_in=60)
    shop.receive(item, 60, "soon", expires_in=10)

    till = _again_and_again(30, lambda: _sell(shop, (item, 1), alone=alone), errors.InsufficientStockError)
    answers = _run_tills(*[till] * 8)

    sold = [answer for answer in answers if isinstance(answer, Posting)]
    refused = [answer for answer in answers if isinstance(answer, errors.InsufficientStockError)]
    assert (len(answers), len(sold), len(refused)) == (240, 100, 140)
    assert all((line["needed"], line["available"]) == (1, 0) for each in refused for line in each.lines)
    assert shop.on_hand(item) == {"soon": 0, "late": 0}
    lines = _lines(item, "sale")
    assert {line.operation_id for line in lines} == {posting.operation_id for posting in sold}
    assert sum(line.quantity for line in lines) == -100
    by_batch = {name: [line for line in lines if line.batch.batch_number == name] for name in ("soon", "late")}
    assert max(line.recorded_at for line in by_batch["soon"]) <= min(line.recorded_at for line in by_batch["late"])
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_off")
def test_without_locks_tills_write_over_each_other_and_the_chain_refuses_it(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 100)

    till = _again_and_again(5, lambda: _sell(shop, (item, 1), alone=True), IntegrityError)
    answers = _run_tills(*[till] * 8)

    lost = [answer for answer in answers if isinstance(answer, IntegrityError)]
    sold = [answer for answer in answers if isinstance(answer, Posting)]
    # A till that read what another one had read too is refused by the key on the batch's version ...
    assert {sqlstate(error) for error in lost} == {UNIQUE_VIOLATION}
    # ... so that even then nothing is sold that is not in the ledger.
    assert shop.on_hand(item) == {"A": 100 - len(sold)}
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_and_chain_off")
def test_without_locks_and_chain_more_is_sold_than_there_is(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 10)

    till = _again_and_again(10, lambda: _sell(shop, (item, 1), alone=True), errors.InsufficientStockError)
    answers = _run_tills(*[till] * 8)

    assert len([answer for answer in answers if isinstance(answer, Posting)]) > 10


def _opposite_orders(shop: Shop, rounds: int, *passing: type[Exception]) -> tuple[list[Posting], list[ItemVariation]]:
    """Tills, a delivery and a correction that name the same two products in opposite order, over and over."""
    first, second = shop.variation(), shop.variation()
    batches = [shop.receive(item, 1000) for item in (first, second)]

    def receive() -> Posting:
        lines = [ReceiptLine(item.pk, Decimal(1), "A") for item in (second, first)]
        return receive_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=lines, confirmed=True)

    def adjust() -> Posting:
        lines = [BatchQuantity(batch, Decimal(1)) for batch in reversed(batches)]
        return adjust_stock(actor=shop.actor, lines=lines, reason="found")

    requests: list[Callable[[], Posting]] = [
        lambda: _sell(shop, (first, 1), (second, 1), alone=True),
        lambda: _sell(shop, (second, 1), (first, 1), alone=True),
        lambda: _sell(shop, (second, 1), (first, 1), alone=False),
        lambda: _sell(shop, (first, 1), (second, 1), alone=False),
        receive,
        adjust,
    ]
    answers = _run_tills(*[_again_and_again(rounds, request, *passing) for request in requests])
    return [answer for answer in answers if isinstance(answer, Posting)], [first, second]


def test_two_products_in_opposite_order_never_deadlock(shop: Shop) -> None:
    before = deadlocks()
    posted, items = _opposite_orders(shop, 25)

    assert deadlocks() == before
    assert len(posted) == 150
    # Four tills took 25 of each, one delivery and one correction brought 25 of each.
    assert [shop.on_hand(item) for item in items] == [{"A": 950}, {"A": 950}]
    with transaction.atomic():
        written = StockMovement.objects.filter(operation_id__in=[posting.operation_id for posting in posted])
        assert written.count() == 300
    assert unsound_batches() == []


@pytest.mark.usefixtures("order_off")
def test_locks_in_the_order_of_the_basket_deadlock(shop: Shop) -> None:
    before = deadlocks()
    _opposite_orders(shop, 5, OperationalError)
    assert deadlocks() > before


@pytest.mark.parametrize("alone", [True, False], ids=["one by one", "posted together"])
@pytest.mark.usefixtures("locks_on")
def test_tills_that_wait_for_a_delivery_sell_all_of_it_and_no_more(shop: Shop, *, alone: bool) -> None:
    item = shop.variation()
    shop.receive(item, 1)
    shop.sell(item, 1)

    answers = _sell_during_delivery(shop, item, alone=alone, comes=True)

    assert sum(isinstance(answer, Posting) for answer in answers) == 5
    refused = [answer for answer in answers if isinstance(answer, errors.InsufficientStockError)]
    assert [[(line["needed"], line["available"]) for line in each.lines] for each in refused] == [[(1, 0)]] * 3
    assert shop.on_hand(item) == {"A": 0}
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_on")
def test_a_delivery_that_is_taken_back_is_sold_to_nobody(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 1)
    shop.sell(item, 1)

    answers = _sell_during_delivery(shop, item, alone=True, comes=False)

    assert [type(answer) for answer in answers] == [errors.InsufficientStockError] * 8
    assert shop.on_hand(item) == {"A": 0}


@pytest.mark.usefixtures("locks_off")
def test_without_locks_nobody_waits_for_the_delivery(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 1)
    shop.sell(item, 1)

    answers = _sell_during_delivery(shop, item, alone=True, comes=True, waits=False)

    assert [type(answer) for answer in answers] == [errors.InsufficientStockError] * 8
    assert shop.on_hand(item) == {"A": 5}


class _TakenBack(Exception):
    pass


def _sell_during_delivery(
    shop: Shop, item: ItemVariation, *, alone: bool, comes: bool, waits: bool = True
) -> list[Posting | Exception]:
    """Eight tills ask for one each while a delivery of five is being booked into the empty batch."""
    booked = threading.Event()
    answered = threading.Semaphore(0)

    def deliver() -> None:
        with suppress(_TakenBack), transaction.atomic():
            shop.receive(item, 5)
            booked.set()
            if waits:
                # One of those posted together stands for all of them.
                wait_until_blocked(8 if alone else 1)
            else:
                for _ in range(8):
                    assert answered.acquire(timeout=10)
            if not comes:
                raise _TakenBack

    def sell() -> Posting:
        assert booked.wait(10)
        try:
            return _sell(shop, (item, 1), alone=alone)
        finally:
            answered.release()

    delivered, *answers = at_once(deliver, *[sell] * 8)
    assert delivered is None
    return [answer for answer in answers if answer is not None]


@pytest.mark.usefixtures("locks_on")
def test_an_import_and_tills_share_what_there_is(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 25, "soon", expires_in=10)
    shop.receive(item, 25, "late", expires_in=60)

    outcomes, answers = _import_beside_tills(shop, item)

    imported = [outcome for outcome in outcomes if outcome.fate is Fate.POSTED]
    sold = [answer for answer in answers if isinstance(answer, Posting)]
    assert len(imported) + len(sold) == 50
    assert shop.on_hand(item) == {"soon": 0, "late": 0}
    with transaction.atomic():
        in_ledger = set(
            StockMovement.objects.filter(variation=item, quantity__lt=0).values_list("operation_id", flat=True)
        )
    assert in_ledger == {each.operation_id for each in [*imported, *sold]}
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_off")
def test_without_locks_an_import_and_tills_collide(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 50)

    failures = at_once(*[partial(_import, shop, item, 10)] * 3)

    assert UNIQUE_VIOLATION in {sqlstate(failure) for failure in failures}


def _import(shop: Shop, item: ItemVariation, number: int) -> list[Outcome]:
    sales = [
        Issue(Entry(OperationKind.ISSUE, b"%032d" % each), [IssueLine(item.pk, Decimal(1))]) for each in range(number)
    ]
    today = _now().date()
    return list(import_sales(actor=shop.actor, outlet_id=shop.outlet.pk, sales=sales, today=today))


def _import_beside_tills(shop: Shop, item: ItemVariation) -> tuple[list[Outcome], list[Posting | Exception]]:
    till = _again_and_again(10, lambda: _sell(shop, (item, 1), alone=True), errors.InsufficientStockError)
    batches: list[list[Outcome] | list[Posting | Exception]] = []
    for each in at_once(partial(_import, shop, item, 20), partial(_import, shop, item, 20), till, till, till):
        assert isinstance(each, list), each
        batches.append(each)
    flat = [answer for batch in batches for answer in batch]
    return (
        [answer for answer in flat if isinstance(answer, Outcome)],
        [answer for answer in flat if not isinstance(answer, Outcome)],
    )
