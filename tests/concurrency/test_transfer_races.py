"""Goods on their way arrive once."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from tests.concurrency.racing import at_once, unsound_batches
from tests.stock.conftest import Shop

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch
from lotkeeper.stock.operations import IssueLine
from lotkeeper.transfers.errors import TransferNotInTransit
from lotkeeper.transfers.models import Transfer, TransferStatus
from lotkeeper.transfers.operations import ArrivedLine, receive_transfer, transfer_stock


def _send(shop: Shop, item: ItemVariation, source: Outlet, destination: Outlet, quantity: int) -> Transfer:
    return transfer_stock(
        actor=shop.actor,
        source_id=source.pk,
        destination_id=destination.pk,
        lines=[IssueLine(item.pk, Decimal(quantity))],
    )


def _receive(shop: Shop, transfer: Transfer) -> Transfer:
    return receive_transfer(actor=shop.actor, transfer_id=transfer.pk)


def _on_hand(item: ItemVariation) -> dict[str, Decimal]:
    with transaction.atomic():
        return dict(Batch.objects.filter(variation=item).values_list("outlet__name", "quantity"))


@pytest.mark.usefixtures("locks_on")
def test_a_transfer_confirmed_by_six_at_once_arrives_once(shop: Shop, make_outlet: Callable[..., Outlet]) -> None:
    item, branch = shop.variation(), make_outlet("Branch")
    shop.receive(item, 10)
    transfer = _send(shop, item, shop.outlet, branch, 6)

    answers = at_once(*[partial(_receive, shop, transfer)] * 6)

    (received,) = [answer for answer in answers if isinstance(answer, Transfer)]
    assert received.status == TransferStatus.RECEIVED
    assert [type(answer) for answer in answers if answer is not received] == [TransferNotInTransit] * 5
    assert _on_hand(item) == {"Main street": 4, "Branch": 6}
    assert unsound_batches() == []


def _without_row_locks(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    unlocked = sql.replace(" FOR UPDATE", "")
    answer = execute(unlocked, params, many, context)
    if unlocked != sql:
        time.sleep(0.05)
    return answer


@pytest.mark.usefixtures("locks_off")
def test_without_locks_a_transfer_arrives_twice(shop: Shop, make_outlet: Callable[..., Outlet]) -> None:
    item, branch = shop.variation(), make_outlet("Branch")
    shop.receive(item, 10)
    transfer = _send(shop, item, shop.outlet, branch, 6)

    def receive() -> Transfer:
        with connection.execute_wrapper(_without_row_locks):
            return _receive(shop, transfer)

    at_once(receive, receive)

    assert _on_hand(item) == {"Main street": 4, "Branch": 12}


@pytest.mark.usefixtures("locks_on")
def test_two_counts_of_one_arrival_do_not_mix(shop: Shop, make_outlet: Callable[..., Outlet]) -> None:
    item, branch = shop.variation(), make_outlet("Branch")
    shop.receive(item, 10)
    transfer = _send(shop, item, shop.outlet, branch, 6)
    with transaction.atomic():
        (line,) = transfer.lines.all()

    def receive(quantity: int) -> Transfer:
        arrived = [ArrivedLine(line.pk, Decimal(quantity), "box was wet")]
        return receive_transfer(actor=shop.actor, transfer_id=transfer.pk, arrived=arrived)

    answers = at_once(*[partial(receive, quantity) for quantity in range(1, 6)])

    assert sum(isinstance(answer, Transfer) for answer in answers) == 1
    with transaction.atomic():
        line.refresh_from_db()
    assert _on_hand(item) == {"Main street": 4, "Branch": line.quantity_received}
    assert unsound_batches() == []


def test_goods_sent_to_and_fro_at_once_all_arrive(shop: Shop, make_outlet: Callable[..., Outlet]) -> None:
    item, branch = shop.variation(), make_outlet("Branch")
    shop.receive(item, 50)
    shop.receive(item, 50, outlet=branch)

    def to_and_fro(source: Outlet, destination: Outlet) -> None:
        for _ in range(8):
            _receive(shop, _send(shop, item, source, destination, 3))

    answers = at_once(*[partial(to_and_fro, shop.outlet, branch), partial(to_and_fro, branch, shop.outlet)] * 3)

    assert answers == [None] * 6
    assert _on_hand(item) == {"Main street": 50, "Branch": 50}
    assert unsound_batches() == []
