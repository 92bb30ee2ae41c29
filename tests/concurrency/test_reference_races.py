"""One reference is one operation, however many send it at the same moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from tests.concurrency.racing import at_once, unsound_batches
from tests.stock.conftest import Shop

from lotkeeper.outlets.models import Outlet
from lotkeeper.stock import errors
from lotkeeper.stock.models import Operation, StockMovement
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    Posting,
    ReceiptLine,
    VariationQuantity,
    adjust_stock,
    amend_batch,
    commit_reservation,
    deduct_stock,
    hold_batch,
    receive_stock,
    reserve_stock,
    return_sale,
    return_stock,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.policies import MovementKind
from lotkeeper.transfers.operations import receive_transfer, transfer_stock

REFERENCE = "order-1"


def _sale(shop: Shop, quantity: int, *, alone: bool) -> Callable[[], Posting]:
    """A sale; ``alone`` in a transaction of its own, else as a till does, together with those that wait beside it."""
    item = shop.variation()
    shop.receive(item, 100)
    return partial(_sell, shop, item.pk, quantity, dt.datetime.now(dt.UTC) if alone else None)


def _sell(shop: Shop, variation_id: int, quantity: int, occurred_at: dt.datetime | None) -> Posting:
    if occurred_at is None:
        return shop.sell_at_till(variation_id, quantity, reference=REFERENCE)
    return deduct_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(variation_id, Decimal(quantity))],
        reference_id=REFERENCE,
        occurred_at=occurred_at,
    )


def _sold() -> Decimal:
    with transaction.atomic():
        return sum((-line.quantity for line in StockMovement.objects.filter(movement_type="sale")), Decimal(0))


@pytest.mark.parametrize("alone", [True, False], ids=["one by one", "posted together"])
@pytest.mark.usefixtures("locks_on")
def test_twenty_duplicates_at_once_are_one_sale_and_twenty_equal_answers(shop: Shop, *, alone: bool) -> None:
    answers = at_once(*[_sale(shop, 3, alone=alone)] * 20)

    postings = [answer for answer in answers if isinstance(answer, Posting)]
    assert len(postings) == 20, answers
    assert [posting.replayed for posting in postings].count(False) == 1
    assert {(posting.operation_id, tuple(posting.movements)) for posting in postings} == {
        (postings[0].operation_id, tuple(postings[0].movements))
    }
    assert postings[0].movements[0].quantity == -3
    assert _sold() == 3
    assert unsound_batches() == []


@pytest.mark.usefixtures("key_off")
def test_whoever_looks_before_writing_sells_twice(shop: Shop) -> None:
    at_once(*[_sale(shop, 3, alone=True)] * 8)

    assert _sold() > 3


@pytest.mark.parametrize("alone", [True, False], ids=["one by one", "posted together"])
@pytest.mark.usefixtures("locks_on")
def test_one_reference_with_eight_bodies_at_once_posts_one_of_them(shop: Shop, *, alone: bool) -> None:
    item = shop.variation()
    shop.receive(item, 100)
    occurred_at = dt.datetime.now(dt.UTC) if alone else None

    answers = at_once(*[partial(_sell, shop, item.pk, quantity, occurred_at) for quantity in range(1, 9)])

    (posted,) = [answer for answer in answers if isinstance(answer, Posting)]
    assert [type(answer) for answer in answers if answer is not posted] == [errors.ReferenceReused] * 7
    assert errors.ReferenceReused.status == 422
    assert _sold() == -posted.movements[0].quantity
    assert shop.on_hand(item) == {"A": 100 + posted.movements[0].quantity}
    assert unsound_batches() == []


@pytest.mark.parametrize("alone", [True, False], ids=["one by one", "posted together"])
@pytest.mark.usefixtures("locks_on")
def test_duplicates_of_what_cannot_be_sold_are_all_refused_and_leave_no_trace(shop: Shop, *, alone: bool) -> None:
    answers = at_once(*[_sale(shop, 101, alone=alone)] * 8)

    assert [type(answer) for answer in answers] == [errors.InsufficientStockError] * 8
    with transaction.atomic():
        assert not Operation.objects.filter(reference_id=REFERENCE).exists()
    assert _sold() == 0


@pytest.mark.parametrize("alone", [True, False], ids=["one by one", "posted together"])
def test_a_refused_request_does_not_take_its_reference_from_one_that_can_be_met(shop: Shop, *, alone: bool) -> None:
    item = shop.variation()
    shop.receive(item, 100)
    occurred_at = dt.datetime.now(dt.UTC) if alone else None

    answers = at_once(*[partial(_sell, shop, item.pk, quantity, occurred_at) for quantity in (101, 5) * 6])

    postings = [answer for answer in answers if isinstance(answer, Posting)]
    assert len(postings) == 6, answers
    assert [posting.replayed for posting in postings].count(False) == 1
    refused = {type(answer) for answer in answers if not isinstance(answer, Posting)}
    assert refused <= {errors.InsufficientStockError, errors.ReferenceReused}
    assert shop.on_hand(item) == {"A": 95}


def _every_kind(shop: Shop, elsewhere: Outlet) -> dict[str, Callable[[], Any]]:
    """One request of each kind, under one reference."""
    item = shop.variation()
    batch = shop.receive(item, 50, "A")
    sale, other_sale = shop.sell(item, 5), shop.sell(item, 5)
    common = {"actor": shop.actor, "reference_id": REFERENCE}
    one = [BatchQuantity(batch, Decimal(1))]
    promised = reserve_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(item.pk, Decimal(2))],
        hold_for=dt.timedelta(minutes=9),
    )
    sent = transfer_stock(
        actor=shop.actor,
        source_id=shop.outlet.pk,
        destination_id=elsewhere.pk,
        lines=[IssueLine(item.pk, Decimal(4))],
    )
    return {
        "receive": lambda: receive_stock(
            **common, outlet_id=shop.outlet.pk, lines=[ReceiptLine(item.pk, Decimal(1), "B")]
        ),
        "adjust": lambda: adjust_stock(**common, lines=one, reason="found"),
        "write off": lambda: write_off_stock(**common, lines=one, movement_type=MovementKind.DAMAGE, reason="broken"),
        "customer return": lambda: return_stock(**common, lines=one, movement_type=MovementKind.CUSTOMER_RETURN),
        "supplier return": lambda: return_stock(**common, lines=one, movement_type=MovementKind.SUPPLIER_RETURN),
        "return of a sale": lambda: return_sale(
            **common, sale_id=sale.operation_id, lines=[VariationQuantity(item.pk, Decimal(4))]
        ),
        "reversal": lambda: reverse_operation(**common, operation_id=other_sale.operation_id, reason="wrong till"),
        "reserve": lambda: reserve_stock(
            **common,
            outlet_id=shop.outlet.pk,
            lines=[IssueLine(item.pk, Decimal(1))],
            hold_for=dt.timedelta(minutes=9),
        ),
        "commit": lambda: commit_reservation(**common, reservation_id=promised.reservation_id),
        "hold": lambda: hold_batch(**common, batch_id=batch, reason="broken seal"),
        "amend": lambda: amend_batch(**common, batch_id=batch, changes={"batch_number": "AA"}, reason="misread"),
        "send": lambda: transfer_stock(
            **common,
            source_id=shop.outlet.pk,
            destination_id=elsewhere.pk,
            lines=[IssueLine(item.pk, Decimal(1))],
        ),
        "arrive": lambda: receive_transfer(**common, transfer_id=sent.pk),
    }


@pytest.mark.parametrize(
    "kind",
    [
        "receive",
        "adjust",
        "write off",
        "customer return",
        "supplier return",
        "return of a sale",
        "reversal",
        "reserve",
        "commit",
        "hold",
        "amend",
        "send",
        "arrive",
    ],
)
def test_every_kind_of_operation_posts_once_for_six_duplicates(
    shop: Shop, make_outlet: Callable[..., Outlet], kind: str
) -> None:
    request = _every_kind(shop, make_outlet("Elsewhere"))[kind]
    with transaction.atomic():
        before = StockMovement.objects.count()

    answers = at_once(*[request] * 6)

    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    with transaction.atomic():
        operation = Operation.objects.get(reference_id=REFERENCE)
        written = StockMovement.objects.filter(operation=operation).count()
        assert StockMovement.objects.count() == before + written
    assert written == (0 if kind == "reserve" else 1)
    assert unsound_batches() == []
