"""Corrections name their batch and their reason, and never take back more than went."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from tests.stock.conftest import Shop

from lotkeeper.core.errors import InvalidRequest
from lotkeeper.stock import errors
from lotkeeper.stock.operations import (
    BatchQuantity,
    ReceiptLine,
    VariationQuantity,
    adjust_stock,
    amend_batch,
    archive_batch,
    receive_stock,
    release_batch,
    return_sale,
    return_stock,
    reverse_operation,
)
from lotkeeper.stock.policies import MovementKind


def test_plus_two_and_minus_two_are_different_lines(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 5)
    adjust_stock(actor=shop.actor, lines=[BatchQuantity(batch, Decimal(2))], reason="found")
    adjust_stock(actor=shop.actor, lines=[BatchQuantity(batch, Decimal(-2))], reason="missing")
    assert [line[2:] for line in shop.ledger(item)] == [(5, 5), (2, 7), (-2, 5)]


def test_an_adjustment_below_zero_is_refused_with_true_numbers(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 5)
    with pytest.raises(errors.InsufficientStockError) as refused:
        adjust_stock(actor=shop.actor, lines=[BatchQuantity(batch, Decimal(-6))], reason="missing")
    assert (refused.value.lines[0]["needed"], refused.value.lines[0]["available"]) == (6, 5)
    assert shop.on_hand(item) == {"A": 5}


def test_a_correction_without_a_reason_is_refused(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 5)
    with pytest.raises(InvalidRequest):
        adjust_stock(actor=shop.actor, lines=[BatchQuantity(batch, Decimal(1))], reason=" ")
    assert shop.on_hand(item) == {"A": 5}


def test_a_return_goes_back_to_the_batches_it_was_sold_from_the_last_one_first(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 2, "soon", expires_in=10)
    shop.receive(item, 5, "late", expires_in=60)
    sale = shop.sell(item, 4)

    back = return_sale(actor=shop.actor, sale_id=sale.operation_id, lines=[VariationQuantity(item.pk, Decimal(3))])

    assert sorted((m.batch_number, m.quantity) for m in back.movements) == [("late", 2), ("soon", 1)]
    assert shop.on_hand(item) == {"soon": 1, "late": 5}


def test_no_more_comes_back_than_went(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    sale = shop.sell(item, 3)
    lines = [VariationQuantity(item.pk, Decimal(2))]
    return_sale(actor=shop.actor, sale_id=sale.operation_id, lines=lines, reference_id="back-1")
    with pytest.raises(errors.ExceedsOriginal):
        return_sale(actor=shop.actor, sale_id=sale.operation_id, lines=lines)
    assert return_sale(actor=shop.actor, sale_id=sale.operation_id, lines=lines, reference_id="back-1").replayed
    with pytest.raises(errors.ExceedsOriginal):
        reverse_operation(actor=shop.actor, operation_id=sale.operation_id, reason="mistake")
    assert shop.on_hand(item) == {"A": 4}


def test_a_reversal_posts_the_opposite_once(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 2, "soon", expires_in=10)
    shop.receive(item, 5, "late", expires_in=60)
    sale = shop.sell(item, 4)

    reverse_operation(actor=shop.actor, operation_id=sale.operation_id, reason="wrong till")
    assert shop.on_hand(item) == {"soon": 2, "late": 5}
    with pytest.raises((errors.AlreadyReversed, errors.ExceedsOriginal)):
        reverse_operation(actor=shop.actor, operation_id=sale.operation_id, reason="again")
    assert shop.on_hand(item) == {"soon": 2, "late": 5}


def test_a_receipt_whose_goods_are_sold_cannot_be_reversed(shop: Shop) -> None:
    item = shop.variation()
    line = ReceiptLine(item.pk, Decimal(5), "A")
    receipt = receive_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=[line])
    sale = shop.sell(item, 1)

    with pytest.raises(errors.InsufficientStockError):
        reverse_operation(actor=shop.actor, operation_id=receipt.operation_id, reason="wrong delivery")
    assert shop.on_hand(item) == {"A": 4}
    reverse_operation(actor=shop.actor, operation_id=sale.operation_id, reason="wrong till")
    reverse_operation(actor=shop.actor, operation_id=receipt.operation_id, reason="wrong delivery")
    assert shop.on_hand(item) == {"A": 0}


def test_a_customer_brings_back_to_a_named_batch_and_a_supplier_takes_back(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 5)
    return_stock(actor=shop.actor, lines=[BatchQuantity(batch, Decimal(1))], movement_type=MovementKind.CUSTOMER_RETURN)
    return_stock(actor=shop.actor, lines=[BatchQuantity(batch, Decimal(6))], movement_type=MovementKind.SUPPLIER_RETURN)
    assert shop.on_hand(item) == {"A": 0}
    with pytest.raises(errors.InsufficientStockError):
        return_stock(
            actor=shop.actor, lines=[BatchQuantity(batch, Decimal(1))], movement_type=MovementKind.SUPPLIER_RETURN
        )


def test_an_amendment_keeps_the_old_value_in_the_ledger(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 5, expires_in=-3)
    date = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=30)
    answer = amend_batch(actor=shop.actor, batch_id=batch, changes={"expiry_date": date}, reason="misread")
    assert answer["amended"]["expiry_date"][1] == date.isoformat()
    assert shop.sell(item, 5).movements[0].expiry_date == date
    assert [line[1:] for line in shop.ledger(item)] == [("purchase", 5, 5), ("amend", 0, 5), ("sale", -5, 0)]
    with pytest.raises(errors.NothingToChange):
        amend_batch(actor=shop.actor, batch_id=batch, changes={"expiry_date": date}, reason="again")


def test_two_batches_cannot_become_one_by_amendment(shop: Shop) -> None:
    item = shop.variation()
    first = shop.receive(item, 5, "A")
    shop.receive(item, 5, "B")
    with pytest.raises(errors.BatchIdentityTaken):
        amend_batch(actor=shop.actor, batch_id=first, changes={"batch_number": "B"}, reason="typo")
    assert shop.on_hand(item) == {"A": 5, "B": 5}


def test_an_archived_batch_is_closed_until_it_is_released(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 5)
    with pytest.raises(errors.BatchNotEmpty):
        archive_batch(actor=shop.actor, batch_id=batch, reason="too early")
    shop.sell(item, 5)
    archive_batch(actor=shop.actor, batch_id=batch, reason="empty")

    with pytest.raises(errors.BatchArchived):
        amend_batch(actor=shop.actor, batch_id=batch, changes={"batch_number": "B"}, reason="late")
    with pytest.raises(errors.BatchArchived):
        shop.receive(item, 5)
    with pytest.raises(errors.BatchArchived):
        adjust_stock(actor=shop.actor, lines=[BatchQuantity(batch, Decimal(1))], reason="found")
    assert shop.on_hand(item) == {"A": 0}

    release_batch(actor=shop.actor, batch_id=batch, reason="more of it came")
    shop.receive(item, 5)
    assert shop.on_hand(item) == {"A": 5}
