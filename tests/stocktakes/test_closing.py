"""A count is posted once, after whoever must has looked at it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from tests.stocktakes.conftest import Counting

from lotkeeper.accounts.models import Tenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.core.errors import NotFound, PermissionRefused
from lotkeeper.stock.errors import ReferenceReused, SoldSinceCounted
from lotkeeper.stock.models import Operation, StockMovement
from lotkeeper.stock.operations import reverse_operation
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.errors import ApprovalNeeded, OwnCount, RecountOutstanding, StockTakeClosed
from lotkeeper.stocktakes.models import CountScope, StockTake, StockTakeStatus
from lotkeeper.stocktakes.operations import (
    Observation,
    Rules,
    Scope,
    approve_differences,
    cancel_stock_take,
    complete_stock_take,
    open_stock_take,
    reconcile_stock_take,
    record_counts,
    request_recount,
)
from lotkeeper.stocktakes.queries import sees_book, stock_take_for, stock_takes, to_count, variance_summary


@pytest.fixture
def tolerance(business: Any) -> None:
    """More than 2 units or 10 of the currency is too much for one person to decide."""
    with transaction.atomic():
        Tenant.objects.filter(pk=business.tenant.pk).update(count_tolerance_units=2, count_tolerance_value=10)


def stock_takes_posted() -> int:
    with transaction.atomic():
        return Operation.objects.filter(kind="stock_take").count()


def test_a_count_that_is_reconciled_twice_is_posted_once(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 12)

    first, adjusted = reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)
    counting.shop.sell(item, 1)
    second, adjusted_again = reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)

    assert (first.replayed, adjusted, second.replayed, adjusted_again) == (False, 1, True, 1)
    assert first.operation_id == second.operation_id
    assert counting.shop.on_hand(item) == {"A": 11}
    assert stock_takes_posted() == 1


def test_what_was_posted_stands_on_the_lines(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10, cost="3")
    take = counting.open()
    counting.shop.sell(item, 2)
    counting.see(take, batch, 7)
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)
    counting.shop.sell(item, 5)

    line = counting.line(take, batch)
    assert (line.system_count, line.system_version, line.physical_count, line.variance, line.value) == (8, 2, 7, -1, -3)
    assert (line.moved_since, line.lines_since, line.entered_late) == (None, None, None)
    with transaction.atomic():
        movement = StockMovement.objects.get(batch_id=batch, version=3)
        assert (movement.operation.kind, movement.operation.reason) == ("stock_take", f"Stock take {take.pk}")


def test_a_posted_count_can_be_reversed(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 4)
    posted, _ = reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)

    reverse_operation(actor=counting.shop.actor, operation_id=posted.operation_id, reason="wrong shelf")

    assert counting.shop.on_hand(item) == {"A": 10}


def test_what_was_counted_later_and_posted_first_has_the_last_word(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    early, late = counting.open(), counting.open()
    counting.see(early, batch, 8)
    counting.see(late, batch, 8)
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=late.pk)

    assert counting.line(early, batch).superseded
    _, adjusted = reconcile_stock_take(actor=counting.shop.actor, stock_take_id=early.pk)

    assert adjusted == 0
    assert counting.line(early, batch).superseded
    assert counting.shop.on_hand(item) == {"A": 8}


def test_more_sold_since_than_was_counted_must_be_counted_again(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 2)
    counting.shop.sell(item, 5)

    with pytest.raises(SoldSinceCounted):
        reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)
    with transaction.atomic():
        assert StockTake.objects.get(pk=take.pk).status == StockTakeStatus.DRAFT
    assert counting.shop.on_hand(item) == {"A": 5}

    counting.see(take, batch, 0)
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)
    assert counting.shop.on_hand(item) == {"A": 0}


def test_lines_to_be_counted_again_hold_the_posting_up(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 2)
    complete_stock_take(actor=counting.counter, stock_take_id=take.pk)
    item_id = counting.line(take, batch).item_id
    request_recount(actor=counting.shop.actor, stock_take_id=take.pk, item_ids=[item_id])

    with pytest.raises(RecountOutstanding) as refused:
        reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)
    counting.see(take, batch, 9)
    _, adjusted = reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)

    assert refused.value.fields == {"items": 1, "item_ids": [item_id]}
    assert adjusted == 1
    assert counting.shop.on_hand(item) == {"A": 9}


@pytest.mark.usefixtures("tolerance")
def test_large_differences_need_somebody_who_did_not_count_them(
    counting: Counting, colleague: Callable[..., Actor], business: Any
) -> None:
    item = counting.shop.variation()
    cheap = counting.shop.receive(item, 10, "cheap", cost="1")
    dear = counting.shop.receive(item, 10, "dear", cost="6")
    take = counting.open()
    counting.see(take, cheap, 8)
    counting.see(take, dear, 8)
    manager = colleague(business, Role.MANAGER)
    dear_line = counting.line(take, dear).item_id

    with pytest.raises(ApprovalNeeded) as refused:
        reconcile_stock_take(actor=manager, stock_take_id=take.pk)
    with pytest.raises(PermissionRefused):
        approve_differences(actor=counting.counter, stock_take_id=take.pk)
    assert refused.value.fields == {"items": 1, "item_ids": [dear_line]}
    assert counting.shop.on_hand(item) == {"cheap": 10, "dear": 10}

    approve_differences(actor=manager, stock_take_id=take.pk)
    counting.shop.sell(item, 1, batch=dear)
    line = counting.line(take, dear)
    assert (line.needs_approval, line.approved_by) == (False, manager.user_id)
    _, adjusted = reconcile_stock_take(actor=manager, stock_take_id=take.pk)

    assert adjusted == 2
    assert counting.shop.on_hand(item) == {"cheap": 8, "dear": 7}


@pytest.mark.usefixtures("tolerance")
def test_nobody_approves_what_they_counted(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    seen = [Observation(batch, Decimal(5))]
    record_counts(actor=counting.shop.actor, stock_take_id=take.pk, observations=seen)

    with pytest.raises(OwnCount):
        approve_differences(actor=counting.shop.actor, stock_take_id=take.pk)

    assert counting.line(take, batch).needs_approval


@pytest.mark.usefixtures("tolerance")
def test_an_approval_is_for_the_difference_as_it_was(
    counting: Counting, colleague: Callable[..., Actor], business: Any
) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 5)
    manager = colleague(business, Role.MANAGER)
    approve_differences(actor=manager, stock_take_id=take.pk)
    counting.see(take, batch, 4)

    with pytest.raises(ApprovalNeeded):
        reconcile_stock_take(actor=manager, stock_take_id=take.pk)

    assert counting.shop.on_hand(item) == {"A": 10}


def test_a_closed_count_stays_closed(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 9)
    item_id = counting.line(take, batch).item_id
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)

    for refused in (
        lambda: complete_stock_take(actor=counting.shop.actor, stock_take_id=take.pk),
        lambda: cancel_stock_take(actor=counting.shop.actor, stock_take_id=take.pk),
        lambda: approve_differences(actor=counting.shop.actor, stock_take_id=take.pk),
        lambda: request_recount(actor=counting.shop.actor, stock_take_id=take.pk, item_ids=[item_id]),
        lambda: counting.see(take, batch, 8),
    ):
        with pytest.raises(StockTakeClosed):
            refused()

    assert counting.shop.on_hand(item) == {"A": 9}


def test_completing_and_cancelling_again_change_nothing(counting: Counting) -> None:
    take = counting.open()
    assert not complete_stock_take(actor=counting.counter, stock_take_id=take.pk).replayed
    assert complete_stock_take(actor=counting.counter, stock_take_id=take.pk).replayed
    assert not cancel_stock_take(actor=counting.shop.actor, stock_take_id=take.pk).replayed
    assert cancel_stock_take(actor=counting.shop.actor, stock_take_id=take.pk).replayed


def test_a_count_in_figures(counting: Counting) -> None:
    item = counting.shop.variation()
    over = counting.shop.receive(item, 10, "A", cost="2")
    short = counting.shop.receive(item, 10, "B", cost="3")
    counting.shop.receive(item, 5, "C")
    take = counting.open()
    counting.see(take, over, 12)
    counting.see(take, short, 8)

    with transaction.atomic():
        figures = variance_summary(stock_take_for(counting.shop.actor, take.pk))
        waiting = to_count(take, Window(None, 10))

    assert (figures.lines, figures.counted, figures.to_count, figures.differing) == (2, 2, 1, 2)
    assert (figures.net_units, figures.absolute_units, figures.net_value, figures.absolute_value) == (0, 4, -2, 10)
    assert (figures.accuracy_net, figures.accuracy_absolute) == (1, Decimal("0.8"))
    assert [row.batch_number for row in waiting] == ["C"]
    assert not {"quantity", "on_hand", "system_count", "book"} & set(waiting[0]._fields)


def test_the_largest_difference_in_money_comes_first(counting: Counting) -> None:
    item = counting.shop.variation()
    batches = [
        counting.shop.receive(item, 10, number, cost=cost) for number, cost in (("A", "1"), ("B", "9"), ("C", "4"))
    ]
    take = counting.open()
    for batch in batches:
        counting.see(take, batch, 9)

    assert [line.batch_number for line in counting.lines(take)] == ["B", "C", "A"]
    assert [line.batch_number for line in counting.lines(take, only_differences=True)] == ["B", "C", "A"]


def test_the_same_request_opens_one_stock_take(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)

    def open_(quantity: int) -> StockTake:
        return open_stock_take(
            actor=counting.shop.actor,
            outlet_id=counting.shop.outlet.pk,
            scope=Scope(CountScope.LIST, batch_ids=[batch]),
            counted=[Observation(batch, Decimal(quantity))],
            reference_id="monday",
        )

    first, second = open_(9), open_(9)
    with pytest.raises(ReferenceReused):
        open_(8)

    assert (first.pk, second.replayed) == (second.pk, True)
    with transaction.atomic():
        assert StockTake.objects.count() == 1


def test_a_count_of_nothing_known_is_not_opened(counting: Counting) -> None:
    place = counting.shop.outlet.pk
    for scope in (
        Scope(CountScope.CATEGORY, category_id=10**12),
        Scope(CountScope.SUPPLIER, supplier_id=10**12),
        Scope(CountScope.LIST, variation_ids=[10**12]),
        Scope(CountScope.LIST, batch_ids=[10**12]),
    ):
        with pytest.raises(NotFound):
            open_stock_take(actor=counting.shop.actor, outlet_id=place, scope=scope)
    with pytest.raises(NotFound):
        open_stock_take(actor=counting.shop.actor, outlet_id=place, scope=Scope(), rules=Rules(assignee_ids=[10**12]))

    with transaction.atomic():
        assert not StockTake.objects.exists()


def test_in_a_blind_count_counters_do_not_see_the_book(
    counting: Counting, colleague: Callable[..., Actor], business: Any
) -> None:
    auditor = colleague(business, Role.AUDITOR)
    blind, open_ = counting.open(blind=True), counting.open()

    seen = [
        sees_book(actor, take) for actor in (counting.shop.actor, counting.counter, auditor) for take in (blind, open_)
    ]

    assert seen == [True, True, False, True, True, True]


def test_counts_of_other_outlets_are_unknown(counting: Counting, make_outlet: Any) -> None:
    second = make_outlet("Second")
    there = open_stock_take(actor=counting.shop.actor, outlet_id=second.pk, scope=Scope())
    here = counting.open()

    with transaction.atomic():
        assert list(stock_takes(counting.counter)) == [here]
        with pytest.raises(NotFound):
            stock_take_for(counting.counter, there.pk)
    with pytest.raises(NotFound):
        complete_stock_take(actor=counting.counter, stock_take_id=there.pk)
