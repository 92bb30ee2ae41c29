"""Stock leaves by FEFO, all lines or none, once per reference."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction
from tests.stock.conftest import Shop

from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.stock import errors
from lotkeeper.stock.models import Operation
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    deduct_stock,
    hold_batch,
    release_batch,
    write_off_stock,
)
from lotkeeper.stock.policies import MovementKind


def test_the_batch_that_expires_first_goes_first_and_undated_stock_last(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5, "undated")
    shop.receive(item, 3, "late", expires_in=60)
    shop.receive(item, 2, "soon", expires_in=10)

    posting = shop.sell(item, 9)

    assert [(m.batch_number, m.quantity, m.balance_after) for m in posting.movements] == [
        ("soon", Decimal(-2), Decimal(0)),
        ("late", Decimal(-3), Decimal(0)),
        ("undated", Decimal(-4), Decimal(1)),
    ]
    assert shop.on_hand(item) == {"undated": 1, "late": 0, "soon": 0}


def test_plain_fifo_goes_by_receipt_where_the_product_asks_for_it(shop: Shop) -> None:
    item = shop.variation(policy="fifo")
    shop.receive(item, 5, "first", expires_in=60)
    shop.receive(item, 5, "second", expires_in=10)

    assert [m.batch_number for m in shop.sell(item, 6).movements] == ["first", "second"]


@pytest.mark.parametrize(
    ("margin", "expires_in", "sellable"), [(0, 0, True), (0, -1, False), (3, 3, True), (3, 2, False)]
)
def test_the_printed_day_is_still_good_and_the_margin_counts(
    shop: Shop, margin: int, expires_in: int, sellable: bool
) -> None:
    item = shop.variation(margin=margin)
    shop.receive(item, 4, expires_in=expires_in)

    if sellable:
        assert shop.sell(item, 4).movements[0].quantity == -4
    else:
        with pytest.raises(errors.InsufficientStockError) as refused:
            shop.sell(item, 1)
        assert refused.value.lines == [{"line": 1, "variation_id": item.pk, "needed": 1, "available": 0}]
        assert shop.on_hand(item) == {"A": 4}


def test_a_refusal_lists_every_short_line_and_changes_nothing(shop: Shop) -> None:
    plenty, short, none = shop.variation(), shop.variation(), shop.variation()
    shop.receive(plenty, 10)
    shop.receive(short, 2)

    with pytest.raises(errors.InsufficientStockError) as refused:
        deduct_stock(
            actor=shop.actor,
            outlet_id=shop.outlet.pk,
            reference_id="basket",
            lines=[IssueLine(v.pk, Decimal(3)) for v in (plenty, short, none)],
        )

    assert [(line["variation_id"], line["needed"], line["available"]) for line in refused.value.lines] == [
        (short.pk, 3, 2),
        (none.pk, 3, 0),
    ]
    assert [shop.on_hand(v) for v in (plenty, short, none)] == [{"A": 10}, {"A": 2}, {}]
    with transaction.atomic():
        assert not Operation.objects.filter(reference_id="basket").exists()


def test_lines_of_the_same_variation_share_one_decrement(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5)

    with pytest.raises(errors.InsufficientStockError) as refused:
        deduct_stock(
            actor=shop.actor,
            outlet_id=shop.outlet.pk,
            lines=[IssueLine(item.pk, Decimal(3)), IssueLine(item.pk, Decimal(3))],
        )

    assert (refused.value.lines[0]["needed"], refused.value.lines[0]["available"]) == (6, 5)
    assert shop.on_hand(item) == {"A": 5}


def test_a_retry_gets_the_first_answer_and_posts_nothing(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5)

    first = shop.sell(item, 2, reference="order-1")
    again = shop.sell(item, 2, reference="order-1")

    assert (first.replayed, again.replayed) == (False, True)
    assert again.operation_id == first.operation_id
    assert again.movements == first.movements
    assert shop.on_hand(item) == {"A": 3}


def test_a_reference_with_another_body_is_refused(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    shop.sell(item, 2, reference="order-1")

    with pytest.raises(errors.ReferenceReused):
        shop.sell(item, 3, reference="order-1")
    assert shop.on_hand(item) == {"A": 3}


def test_a_refused_reference_may_succeed_later(shop: Shop) -> None:
    item = shop.variation()
    with pytest.raises(errors.InsufficientStockError):
        shop.sell(item, 2, reference="order-1")
    shop.receive(item, 5)

    assert shop.sell(item, 2, reference="order-1").replayed is False
    assert shop.on_hand(item) == {"A": 3}


def test_the_lot_in_hand_is_sold_and_marked_when_an_earlier_one_stood_there(shop: Shop) -> None:
    item = shop.variation()
    soon = shop.receive(item, 5, "soon", expires_in=10)
    late = shop.receive(item, 5, "late", expires_in=90)

    assert shop.sell(item, 1, batch=late).movements[0].override is True
    assert shop.sell(item, 1, batch=soon).movements[0].override is False
    assert shop.on_hand(item) == {"soon": 4, "late": 4}


def test_a_lot_in_hand_that_may_not_be_sold_is_refused(shop: Shop) -> None:
    item, other = shop.variation(), shop.variation()
    expired = shop.receive(item, 5, "expired", expires_in=-1)
    elsewhere = shop.receive(other, 5, "other")
    shop.receive(item, 5, "fresh", expires_in=30)

    with pytest.raises(errors.BatchNotSellable):
        shop.sell(item, 1, batch=expired)
    with pytest.raises(NotFound):
        shop.sell(item, 1, batch=elsewhere)
    assert shop.on_hand(item) == {"expired": 5, "fresh": 5}


def test_a_held_batch_is_skipped_until_it_is_released(shop: Shop) -> None:
    item = shop.variation()
    held = shop.receive(item, 5, "held", expires_in=5)
    shop.receive(item, 5, "free", expires_in=50)
    hold_batch(actor=shop.actor, batch_id=held, reason="broken seal")

    assert [m.batch_number for m in shop.sell(item, 2).movements] == ["free"]
    with pytest.raises(errors.BatchNotSellable):
        shop.sell(item, 1, batch=held)
    release_batch(actor=shop.actor, batch_id=held, reason="seal was fine")
    assert [m.batch_number for m in shop.sell(item, 2).movements] == ["held"]


def test_expired_stock_can_always_be_written_off(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 5, expires_in=-10)

    write_off_stock(
        actor=shop.actor, lines=[BatchQuantity(batch, Decimal(5))], movement_type=MovementKind.EXPIRY, reason="expired"
    )

    assert shop.ledger(item) == [("A", "purchase", Decimal(5), Decimal(5)), ("A", "expiry", Decimal(-5), Decimal(0))]


@pytest.mark.parametrize("quantity", ["0", "-1", "NaN", "Infinity", "1e400", "0.0001", "999999999999"])
def test_a_quantity_that_makes_no_sense_is_refused(shop: Shop, quantity: str) -> None:
    item = shop.variation(decimals=3)
    shop.receive(item, 5)

    with pytest.raises(InvalidRequest):
        shop.sell(item, quantity)
    assert shop.on_hand(item) == {"A": 5}


def test_a_piece_is_not_cut(shop: Shop) -> None:
    item = shop.variation(decimals=0)
    shop.receive(item, 5)

    with pytest.raises(errors.TooPrecise):
        shop.sell(item, "0.5")
    assert shop.on_hand(item) == {"A": 5}


def test_unknown_outlets_and_variations_are_not_found(shop: Shop) -> None:
    item = shop.variation()
    with pytest.raises(NotFound):
        deduct_stock(actor=shop.actor, outlet_id=2**60, lines=[IssueLine(item.pk, Decimal(1))])
    with pytest.raises(NotFound):
        deduct_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=[IssueLine(2**60, Decimal(1))])
