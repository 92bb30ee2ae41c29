"""What was counted is compared with the book of its own moment, and posted once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from tests.stock.conftest import Shop

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.stock import errors
from lotkeeper.stock.models import Batch, Count, StockMovement
from lotkeeper.stock.operations import (
    Arrival,
    BatchQuantity,
    CountLine,
    CountPosting,
    IssueLine,
    ReceiptLine,
    adjust_stock,
    archive_batch,
    deduct_stock,
    post_counts,
    receive_stock,
    reverse_operation,
)


def now() -> dt.datetime:
    """The database's clock: what the moments of counting are told in."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lk.clock()")
        moment: dt.datetime = cursor.fetchone()[0]
    return moment


def count(shop: Shop, *lines: CountLine, **more: Any) -> CountPosting:
    return post_counts(actor=shop.actor, outlet_id=shop.outlet.pk, lines=lines, reason="Stock take 1", **more)


def seen(batch: int, counted: int | str, at: dt.datetime) -> CountLine:
    return CountLine(batch, Decimal(counted), at)


def test_counted_seven_after_a_sale_of_three_from_ten_stays_seven(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    shop.sell(item, 3)

    posted = count(shop, seen(batch, 7, now()))

    (line,) = posted.lines
    assert (line.book, line.version, line.variance, line.superseded) == (7, 2, 0, False)
    assert shop.on_hand(item) == {"A": 7}
    assert len(shop.ledger(item)) == 2


def test_what_is_sold_after_counting_does_not_matter(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    counted_at = now()
    shop.sell(item, 3)

    (line,) = count(shop, seen(batch, 9, counted_at)).lines

    assert (line.book, line.version, line.variance) == (10, 1, -1)
    assert shop.on_hand(item) == {"A": 6}
    assert shop.ledger(item)[-1] == ("A", "adjustment", -1, 6)
    with transaction.atomic():
        movement = StockMovement.objects.get(batch_id=batch, version=3)
    assert movement.occurred_at == counted_at < movement.recorded_at


def test_a_sale_entered_late_counts_as_sold_when_it_was_sold(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    sold_at, counted_at = now(), now()
    line = IssueLine(item.pk, Decimal(3))
    deduct_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=[line], occurred_at=sold_at)

    (counted,) = count(shop, seen(batch, 7, counted_at)).lines

    assert (counted.book, counted.variance) == (7, 0)
    assert shop.on_hand(item) == {"A": 7}


def test_two_more_and_two_fewer_are_different(shop: Shop) -> None:
    item = shop.variation()
    first, second = shop.receive(item, 10, "A"), shop.receive(item, 10, "B")

    count(shop, seen(first, 12, now()), seen(second, 8, now()))

    assert shop.on_hand(item) == {"A": 12, "B": 8}
    assert shop.ledger(item)[2:] == [("A", "adjustment", 2, 12), ("B", "adjustment", -2, 8)]


def test_an_expired_batch_counted_zero_leaves_the_fresh_one_alone(shop: Shop) -> None:
    item = shop.variation()
    expired = shop.receive(item, 4, "old", expires_in=-1)
    shop.receive(item, 6, "fresh", expires_in=90)

    count(shop, seen(expired, 0, now()))

    assert shop.on_hand(item) == {"old": 0, "fresh": 6}


def test_every_count_is_kept_matches_included(shop: Shop) -> None:
    item = shop.variation()
    first, second = shop.receive(item, 10, "A"), shop.receive(item, 5, "B")
    at = now()

    posted = count(shop, seen(first, 10, at), seen(second, 4, at))

    with transaction.atomic():
        kept = list(
            Count.objects.filter(operation_id=posted.operation_id)
            .order_by("line")
            .values_list("line", "batch_id", "counted", "book", "version", "counted_at")
        )
    assert kept == [(1, first, 10, 10, 1, at), (2, second, 4, 5, 1, at)]


def test_a_batch_of_which_a_later_count_was_posted_is_left_alone(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    earlier, later = now(), now()
    count(shop, seen(batch, 8, later))

    (line,) = count(shop, seen(batch, 8, earlier)).lines

    assert line.superseded
    assert shop.on_hand(item) == {"A": 8}


def test_what_an_earlier_posted_count_found_is_not_found_again(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    earlier, later = now(), now()
    count(shop, seen(batch, 8, earlier))

    (line,) = count(shop, seen(batch, 8, later)).lines

    assert (line.book, line.variance, line.superseded) == (8, 0, False)
    assert shop.on_hand(item) == {"A": 8}


def test_a_batch_found_on_the_shelf_is_made(shop: Shop) -> None:
    item = shop.variation()
    expiry = dt.date(2031, 3, 31)
    found = Arrival(shop.outlet.pk, item.pk, "N-1", expiry, Decimal("1.5"))

    posted = count(shop, CountLine(found, Decimal(4), now()))

    with transaction.atomic():
        batch = Batch.objects.get(pk=posted.lines[0].batch_id)
    assert (batch.batch_number, batch.expiry_date, batch.unit_cost, batch.quantity) == (
        "N-1",
        expiry,
        Decimal("1.5"),
        4,
    )
    assert shop.ledger(item) == [("N-1", "adjustment", 4, 4)]


def test_a_batch_found_that_was_entered_meanwhile_is_that_batch(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10, "N-1", cost="2")
    found = Arrival(shop.outlet.pk, item.pk, "N-1", None, None)

    (line,) = count(shop, CountLine(found, Decimal(9), now())).lines

    assert (line.batch_id, line.book, line.variance) == (batch, 10, -1)
    assert shop.on_hand(item) == {"N-1": 9}


def test_more_sold_since_than_was_counted_is_refused_and_nothing_changes(shop: Shop) -> None:
    item, other = shop.variation(), shop.variation()
    batch, fine = shop.receive(item, 10), shop.receive(other, 10)
    counted_at = now()
    shop.sell(item, 5)

    with pytest.raises(errors.SoldSinceCounted) as refused:
        count(shop, seen(fine, 9, counted_at), seen(batch, 2, counted_at))

    assert refused.value.fields["lines"] == [{"line": 2, "batch_id": batch, "counted": 2, "book": 10, "on_hand": 5}]
    assert (shop.on_hand(item), shop.on_hand(other)) == ({"A": 5}, {"A": 10})
    with transaction.atomic():
        assert not Count.objects.exists()


def test_one_batch_on_two_lines_is_refused(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10, "N-1")
    found = Arrival(shop.outlet.pk, item.pk, "N-1", None, None)

    with pytest.raises(errors.CountedTwice):
        count(shop, seen(batch, 10, now()), CountLine(found, Decimal(2), now()))

    assert shop.on_hand(item) == {"N-1": 10}


def test_a_piece_is_not_cut(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)

    with pytest.raises(errors.TooPrecise):
        count(shop, seen(batch, "9.5", now()))

    assert shop.on_hand(item) == {"A": 10}


def test_an_archived_batch_is_confirmed_empty_but_not_filled(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 1)
    adjust_stock(actor=shop.actor, lines=[BatchQuantity(batch, Decimal(-1))], reason="gone")
    archive_batch(actor=shop.actor, batch_id=batch, reason="empty")

    with pytest.raises(errors.BatchArchived):
        count(shop, seen(batch, 1, now()))
    (line,) = count(shop, seen(batch, 0, now())).lines

    assert line.variance == 0


def test_a_batch_of_another_outlet_is_unknown_here(shop: Shop, make_outlet: Any) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10, outlet=make_outlet("Second"))

    with pytest.raises(NotFound):
        count(shop, seen(batch, 9, now()))
    with pytest.raises(InvalidRequest):
        count(shop)

    assert shop.on_hand(item) == {"A": 10}


def test_a_reference_is_posted_once(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    count(shop, seen(batch, 9, now()), reference_id="take-1")

    with pytest.raises(errors.ReferenceReused):
        count(shop, seen(batch, 8, now()), reference_id="take-1")

    assert shop.on_hand(item) == {"A": 9}


def test_a_sale_by_a_till_whose_clock_runs_ahead_happened_when_it_was_entered(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    ahead = now() + dt.timedelta(minutes=3)
    line = IssueLine(item.pk, Decimal(3))
    sale, again = (
        deduct_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=[line], occurred_at=ahead, reference_id="r-1")
        for _ in range(2)
    )
    lines = [BatchQuantity(batch, Decimal(1))]
    adjust_stock(actor=shop.actor, lines=lines, reason="found", occurred_at=now() + dt.timedelta(minutes=3))

    (counted,) = count(shop, seen(batch, 8, now())).lines

    assert (counted.book, counted.variance) == (8, 0)
    assert (again.operation_id, again.replayed) == (sale.operation_id, True)
    assert shop.on_hand(item) == {"A": 8}
    with transaction.atomic():
        assert not StockMovement.objects.filter(batch_id=batch, occurred_at__gt=F("recorded_at")).exists()


def test_a_count_that_was_reversed_has_no_say_any_more(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    earlier = now()
    wrong_shelf = count(shop, seen(batch, 4, now()))
    seen_since = now()
    reverse_operation(actor=shop.actor, operation_id=wrong_shelf.operation_id, reason="wrong shelf")

    # What was seen before it and after it meets the book as if it had never been posted.
    (before,) = count(shop, seen(batch, 9, earlier)).lines
    (after,) = count(shop, seen(batch, 9, seen_since)).lines

    assert (before.book, before.variance, before.superseded) == (10, -1, False)
    assert (after.book, after.variance, after.superseded) == (9, 0, False)
    assert shop.on_hand(item) == {"A": 9}


def test_a_count_without_a_difference_is_not_reversed(shop: Shop) -> None:
    item = shop.variation()
    batch = shop.receive(item, 10)
    posted = count(shop, seen(batch, 10, now()))

    with pytest.raises(errors.NotReversible):
        reverse_operation(actor=shop.actor, operation_id=posted.operation_id, reason="wrong shelf")

    assert len(shop.ledger(item)) == 1


def sell_earlier(shop: Shop, item: ItemVariation, quantity: int, at: dt.datetime) -> None:
    line = IssueLine(item.pk, Decimal(quantity))
    deduct_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=[line], occurred_at=at)


class TestEnteredAfterThePosting:
    """What was counted last stays counted, whatever is entered later that had happened before."""

    def test_a_sale_had_been_taken_for_a_loss(self, shop: Shop) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        sold_at, counted_at = now(), now()
        posted = count(shop, seen(batch, 7, counted_at))

        sell_earlier(shop, item, 3, sold_at)

        assert shop.ledger(item)[1:] == [
            ("A", "adjustment", -3, 7), ("A", "sale", -3, 4), ("A", "adjustment", 3, 7),
        ]  # fmt: skip
        with transaction.atomic():
            held = StockMovement.objects.select_related("operation").get(batch_id=batch, version=4)
        assert (held.operation.kind, held.operation.refers_to_id) == ("stock_take", posted.operation_id)
        assert held.occurred_at == counted_at

    def test_the_same_count_posted_again_finds_nothing_more(self, shop: Shop) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        sold_at, counted_at = now(), now()
        count(shop, seen(batch, 7, counted_at))
        sell_earlier(shop, item, 3, sold_at)

        (again,) = count(shop, seen(batch, 7, counted_at)).lines

        assert (again.book, again.variance, again.superseded) == (7, 0, False)

    def test_a_delivery_had_been_taken_for_a_surplus(self, shop: Shop) -> None:
        item = shop.variation()
        batch = shop.receive(item, 2, "A")
        came_at, counted_at = now(), now()
        count(shop, seen(batch, 12, counted_at))

        line = ReceiptLine(item.pk, Decimal(10), "A")
        receive_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=[line], occurred_at=came_at, confirmed=True)

        assert shop.on_hand(item) == {"A": 12}

    def test_of_several_counts_the_last_is_held(self, shop: Shop) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        sold_at, first_at = now(), now()
        count(shop, seen(batch, 7, first_at))
        shop.sell(item, 1)
        count(shop, seen(batch, 5, now()))

        sell_earlier(shop, item, 3, sold_at)
        sell_earlier(shop, item, 1, sold_at)

        assert shop.on_hand(item) == {"A": 5}

    def test_what_happened_after_the_counting_is_an_ordinary_entry(self, shop: Shop) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        counted_at = now()
        sold_at = now()
        count(shop, seen(batch, 10, counted_at))

        sell_earlier(shop, item, 3, sold_at)

        assert shop.on_hand(item) == {"A": 7}
        assert len(shop.ledger(item)) == 2

    def test_a_count_that_was_reversed_holds_nothing(self, shop: Shop) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        sold_at = now()
        posted = count(shop, seen(batch, 7, now()))
        reverse_operation(actor=shop.actor, operation_id=posted.operation_id, reason="wrong shelf")

        sell_earlier(shop, item, 3, sold_at)

        assert shop.on_hand(item) == {"A": 7}
        assert shop.ledger(item)[-1] == ("A", "sale", -3, 7)

    def test_reversing_an_earlier_count_leaves_the_later_one(self, shop: Shop) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        first = count(shop, seen(batch, 7, now()))
        count(shop, seen(batch, 7, now()))

        reverse_operation(actor=shop.actor, operation_id=first.operation_id, reason="wrong shelf")

        assert shop.on_hand(item) == {"A": 7}

    def test_a_sale_sent_again_is_held_once(self, shop: Shop) -> None:
        item = shop.variation()
        batch = shop.receive(item, 10)
        sold_at = now()
        count(shop, seen(batch, 7, now()))

        for _ in range(2):
            deduct_stock(
                actor=shop.actor,
                outlet_id=shop.outlet.pk,
                lines=[IssueLine(item.pk, Decimal(3))],
                reference_id="till-7",
                occurred_at=sold_at,
            )

        assert shop.on_hand(item) == {"A": 7}
        assert len(shop.ledger(item)) == 4
