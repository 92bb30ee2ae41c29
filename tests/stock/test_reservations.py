"""What is promised is not sold to somebody else, and a promise ends by itself."""

from __future__ import annotations

import datetime as dt
import time
from decimal import Decimal

import pytest
from tests.stock.conftest import Shop

from lotkeeper.stock import errors
from lotkeeper.stock.operations import (
    IssueLine,
    Reserved,
    commit_reservation,
    lapse_reservations,
    release_reservation,
    reserve_stock,
)


def _reserve(shop: Shop, variation_id: int, quantity: int, seconds: float = 600) -> Reserved:
    return reserve_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(variation_id, Decimal(quantity))],
        hold_for=dt.timedelta(seconds=seconds),
    )


def test_what_is_promised_is_not_sold_to_others(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    promise = _reserve(shop, item.pk, 4)

    with pytest.raises(errors.InsufficientStockError) as refused:
        shop.sell(item, 2)
    assert refused.value.lines[0]["available"] == 1
    with pytest.raises(errors.InsufficientStockError):
        _reserve(shop, item.pk, 2)
    shop.sell(item, 1)

    sold = commit_reservation(actor=shop.actor, reservation_id=promise.reservation_id)
    assert [m.quantity for m in sold.movements] == [-4]
    with pytest.raises(errors.ReservationClosed):
        commit_reservation(actor=shop.actor, reservation_id=promise.reservation_id)
    assert shop.on_hand(item) == {"A": 0}


def test_a_released_promise_is_free_again(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    promise = _reserve(shop, item.pk, 5)
    release_reservation(actor=shop.actor, reservation_id=promise.reservation_id)
    assert shop.sell(item, 5).movements[0].balance_after == 0


def test_a_promise_lapses_by_itself_before_anything_sweeps(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    promise = _reserve(shop, item.pk, 5, seconds=0.2)
    time.sleep(0.3)
    with pytest.raises(errors.ReservationClosed):
        commit_reservation(actor=shop.actor, reservation_id=promise.reservation_id)
    assert shop.sell(item, 5).movements[0].balance_after == 0
    assert lapse_reservations() == 1
    assert lapse_reservations() == 0
