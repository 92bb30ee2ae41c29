"""Shelves are counted by several people, online and off, while the shop sells."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from tests.stocktakes.conftest import Counting

from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.core.errors import InvalidRequest, NotFound, PermissionRefused
from lotkeeper.stock.errors import CountedTwice, ReferenceReused, TooPrecise
from lotkeeper.stock.operations import IssueLine, VariationQuantity, amend_batch, deduct_stock, return_sale
from lotkeeper.stocktakes.errors import ApprovalNeeded, NotAssigned, OutOfScope, StockTakeClosed
from lotkeeper.stocktakes.models import CountScope, StockTakeObservation
from lotkeeper.stocktakes.operations import (
    Found,
    Observation,
    Recorded,
    Rules,
    Scope,
    cancel_stock_take,
    complete_stock_take,
    open_stock_take,
    reconcile_stock_take,
    record_counts,
    request_recount,
)


def reconcile(counting: Counting, take: Any) -> int:
    return reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)[1]


def test_counted_seven_after_a_sale_of_three_from_ten_stays_seven(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.shop.sell(item, 3)
    counting.see(take, batch, 7)

    assert reconcile(counting, take) == 0
    assert counting.shop.on_hand(item) == {"A": 7}


def test_what_is_sold_after_counting_does_not_matter(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10, cost="2.5")
    take = counting.open()
    counting.see(take, batch, 9)
    counting.shop.sell(item, 4)

    line = counting.line(take, batch)
    assert (line.system_count, line.variance, line.value, line.moved_since, line.lines_since) == (
        10, -1, Decimal("-2.5"), -4, 1,
    )  # fmt: skip
    assert reconcile(counting, take) == 1
    assert counting.shop.on_hand(item) == {"A": 5}


def test_a_shortage_on_one_batch_is_taken_from_that_batch(counting: Counting) -> None:
    item = counting.shop.variation()
    first = counting.shop.receive(item, 10, "A", expires_in=10)
    second = counting.shop.receive(item, 10, "B", expires_in=20)
    take = counting.open()
    counting.see(take, first, 10)
    counting.see(take, second, 8)

    assert reconcile(counting, take) == 1
    assert counting.shop.on_hand(item) == {"A": 10, "B": 8}
    assert counting.shop.ledger(item)[2:] == [("B", "adjustment", -2, 8)]


def test_an_observation_that_comes_late_is_compared_with_its_own_moment(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counted_at = counting.now()
    counting.shop.sell(item, 3)
    counting.see(take, batch, 10, counted_at=counted_at)

    assert reconcile(counting, take) == 0
    assert counting.shop.on_hand(item) == {"A": 7}


def test_a_device_whose_clock_is_wrong_is_put_right(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    fast = dt.timedelta(hours=2)
    counted_at = counting.now() + fast
    # The way of the request cannot be told from the clock's error.
    time.sleep(0.2)
    counting.shop.sell(item, 3)
    seen = Observation(batch, Decimal(10), counted_at=counted_at)
    record_counts(actor=counting.counter, stock_take_id=take.pk, observations=[seen], sent_at=counting.now() + fast)

    assert reconcile(counting, take) == 0
    assert counting.shop.on_hand(item) == {"A": 7}


def test_a_sale_that_is_entered_between_counting_and_posting_is_seen(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    sold_at = counting.now()
    counting.see(take, batch, 7)
    deduct_stock(
        actor=counting.shop.actor,
        outlet_id=counting.shop.outlet.pk,
        lines=[IssueLine(item.pk, Decimal(3))],
        occurred_at=sold_at,
    )

    assert counting.line(take, batch).entered_late == -3
    assert reconcile(counting, take) == 0
    assert counting.shop.on_hand(item) == {"A": 7}


def test_an_observation_sent_again_is_kept_once(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    seen = Observation(batch, Decimal(9), client_id=uuid4())

    def send() -> Recorded:
        return record_counts(actor=counting.counter, stock_take_id=take.pk, observations=[seen])

    assert send() == Recorded(recorded=1, known=0)
    counting.shop.sell(item, 2)
    assert send() == Recorded(recorded=0, known=1)
    assert reconcile(counting, take) == 1
    # A device that did not hear the answer asks again, however late.
    assert send() == Recorded(recorded=0, known=1)
    assert counting.shop.on_hand(item) == {"A": 7}


def test_a_number_is_not_used_for_two_observations(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    number = uuid4()
    counting.see(take, batch, 9, client_id=number)

    with pytest.raises(ReferenceReused):
        counting.see(take, batch, 8, client_id=number)
    with pytest.raises(InvalidRequest):
        record_counts(
            actor=counting.counter,
            stock_take_id=take.pk,
            observations=[Observation(batch, Decimal(8), client_id=one) for one in [uuid4()] * 2],
        )

    assert counting.line(take, batch).physical_count == 9


def test_of_one_place_the_latest_holds_and_places_add_up(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 4, place="shelf")
    counting.see(take, batch, 5, place="back room")
    counting.see(take, batch, 5, place="shelf")

    line = counting.line(take, batch)
    assert (line.physical_count, line.variance, line.disagreement, line.moved_between_places) == (10, 0, True, 0)


def test_an_earlier_observation_that_comes_after_a_later_one_does_not_replace_it(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    earlier = counting.now()
    counting.see(take, batch, 9)
    counting.see(take, batch, 4, counted_at=earlier)

    assert counting.line(take, batch).physical_count == 9


def test_two_who_count_around_a_sale_agree(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 9)
    counting.shop.sell(item, 2)
    counting.see(take, batch, 7)

    assert not counting.line(take, batch).disagreement


def test_what_moved_between_the_counts_of_two_places_is_told(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 6, place="shelf")
    counting.shop.sell(item, 2)
    counting.see(take, batch, 4, place="back room")

    assert counting.line(take, batch).moved_between_places == 2


def test_a_recount_replaces_what_was_counted_before(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    before = counting.now()
    counting.see(take, batch, 3)
    item_id = counting.line(take, batch).item_id
    request_recount(actor=counting.shop.actor, stock_take_id=take.pk, item_ids=[item_id])

    # A device that was offline sends what it saw in the first round.
    counting.see(take, batch, 2, counted_at=before, round=1)
    waiting = counting.line(take, batch)
    counting.see(take, batch, 10)

    assert (waiting.physical_count, waiting.awaiting_recount, waiting.round) == (None, True, 2)
    counted = counting.line(take, batch)
    assert (counted.physical_count, counted.awaiting_recount) == (10, False)
    with transaction.atomic():
        kept = StockTakeObservation.objects.filter(item_id=item_id).order_by("id")
        assert list(kept.values_list("round", "quantity")) == [(1, 3), (1, 2), (2, 10)]


def test_goods_that_nobody_knew_become_a_batch(counting: Counting) -> None:
    item = counting.shop.variation()
    counting.shop.receive(item, 5, "A")
    take = counting.open()
    counting.see(take, Found(item.pk, "N-1", dt.date(2031, 3, 31), Decimal("1.5")), 4)

    (line,) = [line for line in counting.lines(take) if line.found]
    assert (line.batch_id, line.batch_number, line.system_count, line.variance) == (None, "N-1", 0, 4)
    assert reconcile(counting, take) == 1
    assert counting.shop.on_hand(item) == {"A": 5, "N-1": 4}


def test_goods_found_before_their_delivery_was_entered_are_that_delivery(counting: Counting) -> None:
    item = counting.shop.variation()
    take = counting.open()
    counting.see(take, Found(item.pk, "N-1"), 4)
    batch = counting.shop.receive(item, 6, "N-1", cost="2")
    counting.see(take, batch, 6)

    (line,) = counting.lines(take)
    assert (line.batch_id, line.physical_count, line.variance) == (batch, 6, 0)
    assert reconcile(counting, take) == 0
    assert counting.shop.on_hand(item) == {"N-1": 6}


def test_what_was_not_found_is_zero_if_the_count_says_so(counting: Counting) -> None:
    item = counting.shop.variation()
    there = counting.shop.receive(item, 5, "A")
    counting.shop.receive(item, 3, "B")
    take = counting.open(uncounted_is_zero=True)
    counting.see(take, there, 5)
    counting.shop.receive(item, 7, "arrived since")

    assert reconcile(counting, take) == 1
    assert counting.shop.on_hand(item) == {"A": 5, "B": 0, "arrived since": 7}


def test_not_counted_is_not_zero(counting: Counting) -> None:
    item = counting.shop.variation()
    there = counting.shop.receive(item, 5, "A")
    counting.shop.receive(item, 3, "B")
    take = counting.open()
    counting.see(take, there, 4)

    assert reconcile(counting, take) == 1
    assert counting.shop.on_hand(item) == {"A": 4, "B": 3}


def test_after_completion_only_what_was_seen_before_is_taken(counting: Counting) -> None:
    item = counting.shop.variation()
    first, second = counting.shop.receive(item, 5, "A"), counting.shop.receive(item, 5, "B")
    take = counting.open()
    counting.see(take, first, 5)
    before = counting.now()
    complete_stock_take(actor=counting.counter, stock_take_id=take.pk)

    counting.see(take, second, 4, counted_at=before)
    with pytest.raises(StockTakeClosed):
        counting.see(take, first, 4)

    assert {line.batch_number: line.physical_count for line in counting.lines(take)} == {"A": 5, "B": 4}


def test_a_cancelled_count_takes_nothing_and_posts_nothing(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 5)
    take = counting.open()
    counting.see(take, batch, 4)
    cancel_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)

    with pytest.raises(StockTakeClosed):
        counting.see(take, batch, 3)
    with pytest.raises(StockTakeClosed):
        reconcile(counting, take)

    assert counting.shop.on_hand(item) == {"A": 5}


def test_what_is_not_part_of_the_count_is_refused_whole(counting: Counting) -> None:
    listed, other = counting.shop.variation(), counting.shop.variation()
    batch, outside = counting.shop.receive(listed, 5), counting.shop.receive(other, 5)
    take = counting.open(Scope(CountScope.LIST, variation_ids=[listed.pk]))
    seen = [Observation(batch, Decimal(4)), Observation(outside, Decimal(4))]

    with pytest.raises(OutOfScope) as refused:
        record_counts(actor=counting.counter, stock_take_id=take.pk, observations=seen)

    assert refused.value.fields["lines"] == [{"line": 2, "variation_id": other.pk, "batch_id": outside}]
    assert counting.lines(take) == []


def test_numbers_that_make_no_sense_are_refused_whole(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 5)
    take = counting.open()
    hour = dt.timedelta(hours=1)

    for wrong, refusal in (
        (Observation(batch, Decimal(-1)), InvalidRequest),
        (Observation(batch, Decimal("NaN")), InvalidRequest),
        (Observation(batch, Decimal("0.5")), TooPrecise),
        (Observation(batch + 1_000_000, Decimal(1)), NotFound),
        (Observation(Found(item.pk + 1_000_000, "X"), Decimal(1)), NotFound),
        (Observation(Found(item.pk, " "), Decimal(1)), InvalidRequest),
        (Observation(batch, Decimal(1), counted_at=counting.now() + hour), InvalidRequest),
        (Observation(batch, Decimal(1), counted_at=counting.now() - hour), InvalidRequest),
        (Observation(batch, Decimal(1), round=2), InvalidRequest),
    ):
        with pytest.raises(refusal):
            record_counts(
                actor=counting.counter, stock_take_id=take.pk, observations=[Observation(batch, Decimal(5)), wrong]
            )

    assert counting.lines(take) == []
    with pytest.raises(InvalidRequest):
        reconcile(counting, take)


def test_who_was_not_named_does_not_count(counting: Counting, colleague: Callable[..., Actor], business: Any) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 5)
    other = colleague(business, Role.CLERK, counting.shop.outlet.pk)
    auditor = colleague(business, Role.AUDITOR)
    take = open_stock_take(
        actor=counting.shop.actor,
        outlet_id=counting.shop.outlet.pk,
        scope=Scope(),
        rules=Rules(assignee_ids=[counting.counter.user_id]),
    )

    counting.see(take, batch, 4)
    for actor, refusal in ((other, NotAssigned), (auditor, PermissionRefused)):
        with pytest.raises(refusal):
            record_counts(actor=actor, stock_take_id=take.pk, observations=[Observation(batch, Decimal(3))])
    with pytest.raises(PermissionRefused):
        reconcile_stock_take(actor=counting.counter, stock_take_id=take.pk)

    assert counting.line(take, batch).physical_count == 4


def test_goods_found_and_delivered_since_can_be_counted_again_after_completion(counting: Counting) -> None:
    item = counting.shop.variation()
    take = counting.open()
    counting.see(take, Found(item.pk, "N-1"), 4)
    complete_stock_take(actor=counting.counter, stock_take_id=take.pk)
    batch = counting.shop.receive(item, 6, "N-1")
    item_id = counting.line(take, batch).item_id
    request_recount(actor=counting.shop.actor, stock_take_id=take.pk, item_ids=[item_id])

    counting.see(take, batch, 6, round=2)

    assert reconcile(counting, take) == 0
    assert counting.shop.on_hand(item) == {"N-1": 6}


def test_what_was_put_at_zero_yields_to_what_a_device_saw_offline(counting: Counting) -> None:
    item = counting.shop.variation()
    batch, other = counting.shop.receive(item, 5, "A"), counting.shop.receive(item, 5, "B")
    take = counting.open(uncounted_is_zero=True)
    seen_at = counting.now()
    counting.shop.sell(item, 1, batch=batch)
    complete_stock_take(actor=counting.counter, stock_take_id=take.pk)
    zero = counting.line(take, batch)
    counting.see(take, batch, 4, counted_at=seen_at, place="cellar")

    line = counting.line(take, batch)
    assert (zero.physical_count, zero.variance) == (0, -4)
    assert (line.physical_count, line.variance, line.disagreement, line.moved_between_places) == (4, -1, False, 0)
    assert counting.line(take, other).physical_count == 0
    assert reconcile(counting, take) == 2
    assert counting.shop.on_hand(item) == {"A": 3, "B": 0}


def test_a_batch_whose_label_was_put_right_may_be_counted_under_both(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 5, "N-l")
    take = counting.open()
    counting.see(take, batch, 0)
    counting.see(take, Found(item.pk, "N-1"), 5)
    amend_batch(actor=counting.shop.actor, batch_id=batch, changes={"batch_number": "N-1"}, reason="misread")

    counting.see(take, batch, 0)
    with pytest.raises(CountedTwice):
        reconcile(counting, take)

    assert counting.shop.on_hand(item) == {"N-1": 5}


def test_what_moved_between_the_counts_of_two_places_needs_another_look(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 10)
    take = counting.open()
    counting.see(take, batch, 5, place="shelf")
    sale = counting.shop.sell(item, 2)
    back = [VariationQuantity(item.pk, Decimal(2))]
    return_sale(actor=counting.shop.actor, sale_id=sale.operation_id, lines=back)
    # The two came back to the other place: seen twice.
    counting.see(take, batch, 7, place="cellar")

    line = counting.line(take, batch)
    assert (line.physical_count, line.variance, line.moved_between_places, line.needs_approval) == (12, 2, 4, True)
    with pytest.raises(ApprovalNeeded):
        reconcile(counting, take)
    assert counting.shop.on_hand(item) == {"A": 10}

    request_recount(actor=counting.shop.actor, stock_take_id=take.pk, item_ids=[line.item_id])
    counting.see(take, batch, 3, place="shelf")
    counting.see(take, batch, 7, place="cellar")
    assert reconcile(counting, take) == 0
    assert counting.shop.on_hand(item) == {"A": 10}
