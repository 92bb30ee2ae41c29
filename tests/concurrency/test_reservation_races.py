"""A promise is kept once: sold, given back, or taken by nobody else."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from tests.concurrency.racing import at_once, unsound_batches
from tests.stock.conftest import Shop

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.stock import errors
from lotkeeper.stock.models import Reservation, StockItem, StockMovement
from lotkeeper.stock.operations import (
    IssueLine,
    Posting,
    Reserved,
    commit_reservation,
    deduct_stock,
    release_reservation,
    reserve_stock,
)


def _reserve(shop: Shop, item: ItemVariation, quantity: int) -> Reserved:
    return reserve_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(item.pk, Decimal(quantity))],
        hold_for=dt.timedelta(minutes=10),
    )


def _sell_one(shop: Shop, item: ItemVariation) -> Posting:
    return deduct_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(item.pk, Decimal(1))],
        occurred_at=dt.datetime.now(dt.UTC),
    )


def _commit_and_release(shop: Shop, promise: Reserved) -> tuple[partial[Posting], partial[None]]:
    return (
        partial(commit_reservation, actor=shop.actor, reservation_id=promise.reservation_id),
        partial(release_reservation, actor=shop.actor, reservation_id=promise.reservation_id),
    )


def _count(answers: list[Any], kind: type) -> int:
    return sum(isinstance(answer, kind) for answer in answers)


@pytest.mark.usefixtures("locks_on")
def test_a_promise_is_sold_or_given_back_and_others_get_only_what_was_given_back(shop: Shop) -> None:
    for _ in range(4):
        item = shop.variation()
        shop.receive(item, 3)
        promise = _reserve(shop, item, 3)

        committed, released, *tills = at_once(
            *_commit_and_release(shop, promise), *[partial(_sell_one, shop, item)] * 5
        )

        sold_to_others = _count(tills, Posting)
        assert _count(tills, errors.InsufficientStockError) == 5 - sold_to_others
        if isinstance(committed, Posting):
            assert isinstance(released, errors.ReservationClosed)
            assert (sold_to_others, shop.on_hand(item)) == (0, {"A": 0})
        else:
            assert isinstance(committed, errors.ReservationClosed)
            assert released is None
            assert shop.on_hand(item) == {"A": 3 - sold_to_others}
        with transaction.atomic():
            assert StockItem.objects.get(variation=item).reserved == 0
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_off")
def test_without_locks_a_promise_is_both_sold_and_given_back(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 3)
    promise = _reserve(shop, item, 3)

    answers = at_once(*_commit_and_release(shop, promise))

    assert _count(answers, errors.ReservationClosed) == 0


@pytest.mark.usefixtures("locks_on")
def test_a_promise_is_sold_once(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 9)
    commit, _ = _commit_and_release(shop, _reserve(shop, item, 3))

    answers = at_once(*[commit] * 6)

    assert (_count(answers, Posting), _count(answers, errors.ReservationClosed)) == (1, 5)
    assert shop.on_hand(item) == {"A": 6}
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_on")
def test_no_more_is_promised_and_sold_at_once_than_there_is(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 10)

    answers = at_once(*[partial(_reserve, shop, item, 3), partial(_sell_one, shop, item)] * 6)

    promised, sold = 3 * _count(answers, Reserved), _count(answers, Posting)
    assert _count(answers, errors.InsufficientStockError) == 12 - promised // 3 - sold
    # What is left is less than a promise that was refused.
    assert 8 <= promised + sold <= 10
    assert shop.on_hand(item) == {"A": 10 - sold}
    with transaction.atomic():
        assert StockItem.objects.get(variation=item).reserved == promised
        assert StockMovement.objects.filter(movement_type="sale").count() == sold
    assert unsound_batches() == []


@pytest.mark.usefixtures("locks_off")
def test_without_locks_more_is_promised_than_there_is(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 4)

    at_once(*[partial(_reserve, shop, item, 3)] * 3)

    with transaction.atomic():
        assert Reservation.objects.filter(status="active").count() > 1
