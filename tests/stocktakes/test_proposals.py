"""What to count next, by numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from django.db import transaction
from tests.stocktakes.conftest import Counting

from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.operations import reverse_operation
from lotkeeper.stocktakes.operations import reconcile_stock_take
from lotkeeper.stocktakes.policies import History, Standing, expected_error, rate_of
from lotkeeper.stocktakes.queries import Proposal, count_next


def proposed(counting: Counting, *, in_days: int = 10, limit: int = 20) -> Sequence[Proposal]:
    """What is proposed at the shop's outlet so many days from now."""
    with transaction.atomic():
        today = counting.now().date() + dt.timedelta(days=in_days)
        return count_next(counting.shop.outlet.pk, today=today, limit=limit)


def errors(counting: Counting) -> list[tuple[int, str]]:
    return [(each.variation_id, str(each.expected_error)) for each in proposed(counting)]


@pytest.mark.parametrize(
    ("history", "usual", "rate"),
    [
        # Nothing counted: what is usual.
        (History(), "0.01", "0.01"),
        # 7 units over 200 lines.
        (History(Decimal(6), 100), "0.01", "0.035"),
        # 3.5 units over 400 lines.
        (History(Decimal(0), 300), "0.035", "0.00875"),
        # Ten thousand lines of its own outweigh what is usual: 501 units over 10 100 lines.
        (History(Decimal(500), 10_000), "0.01", "0.0496"),
    ],
)
def test_a_rate_leans_on_what_is_usual_while_little_is_known(history: History, usual: str, rate: str) -> None:
    assert round(rate_of(history, Decimal(usual)), 5) == Decimal(rate)


@pytest.mark.parametrize(
    ("standing", "error"),
    [
        # 1.4 units by lines and 0.5 by standing there, at 2.50 each.
        (Standing(40, Decimal(5000), Decimal("2.5")), "4.75"),
        (Standing(40, Decimal(0), Decimal("2.5")), "3.5"),
        (Standing(0, Decimal(5000), Decimal("2.5")), "1.25"),
        (Standing(40, Decimal(5000), Decimal(0)), "0"),
    ],
)
def test_an_error_is_expected_of_lines_and_of_standing_there(standing: Standing, error: str) -> None:
    assert expected_error(standing, Decimal("0.035")) == Decimal(error)


def test_busy_dear_and_long_uncounted_stock_comes_first(counting: Counting) -> None:
    shop = counting.shop
    busy, large, costless = shop.variation(), shop.variation(), shop.variation()
    shop.receive(busy, 10, cost="4")
    shop.sell(busy, 1)
    shop.sell(busy, 1)
    shop.receive(large, 100, cost="1")
    shop.receive(costless, 5)

    # 3 lines, 8 units for 10 days: (0.03 + 0.008) * 4. 1 line, 1000 unit days: (0.01 + 0.1) * 1.
    # Without a cost the outlet's mean, 132 / 108: (0.01 + 0.005) * 1.2222.
    assert errors(counting) == [(busy.pk, "0.15"), (large.pk, "0.11"), (costless.pk, "0.02")]
    first, _, last = proposed(counting)
    assert (first.sku, first.on_hand, first.unit_cost, first.lines_since, first.counted_at) == (busy.sku, 8, 4, 3, None)
    assert last.unit_cost == Decimal("1.2222")
    assert [each.variation_id for each in proposed(counting, limit=1)] == [busy.pk]


def test_what_was_counted_is_known_and_what_was_wrong_is_watched(counting: Counting) -> None:
    shop = counting.shop
    calm, wrong = shop.variation(), shop.variation()
    shop.receive(calm, 10, cost="4")
    batch = shop.receive(wrong, 100, cost="1")
    take = counting.open()
    counting.see(take, batch, 90)
    reconcile_stock_take(actor=shop.actor, stock_take_id=take.pk)

    # The outlet: 10 units over 2 lines, (10 + 1) / 102 = 0.10784. Counted: no line since, 900 unit days, so 0.09.
    # Not counted: one line and 100 unit days, (0.10784 + 0.01) * 4.
    assert errors(counting) == [(calm.pk, "0.47"), (wrong.pk, "0.09")]
    counted = proposed(counting)[1]
    assert (counted.lines_since, counted.on_hand) == (0, 90)
    assert counted.counted_at == counting.line(take, batch).counted_at

    for _ in range(3):
        shop.sell(wrong, 1)
    # Its own rate: (10 + 0.10784 * 100) / 102 = 0.20377; 3 lines, 870 unit days.
    assert errors(counting) == [(wrong.pk, "0.70"), (calm.pk, "0.47")]


def test_sales_between_counting_and_posting_were_not_looked_at(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 100, cost="1")
    take = counting.open()
    counting.see(take, batch, 90)
    for _ in range(4):
        counting.shop.sell(item, 1)
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)

    # Four sales; the line that the count itself posted is not one more chance of an error.
    assert [each.lines_since for each in proposed(counting)] == [4]


def test_a_count_that_was_undone_says_nothing(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 100, cost="1")
    take = counting.open()
    counting.see(take, batch, 40)
    posted, _ = reconcile_stock_take(actor=counting.shop.actor, stock_take_id=take.pk)
    reverse_operation(actor=counting.shop.actor, operation_id=posted.operation_id, reason="wrong shelf")

    # Three lines at the usual rate, 1000 unit days.
    (found,) = proposed(counting)
    assert (found.lines_since, found.counted_at, found.expected_error) == (3, None, Decimal("0.13"))


def test_what_is_not_there_or_elsewhere_is_not_proposed(counting: Counting, make_outlet: Callable[..., Outlet]) -> None:
    gone, elsewhere, there = (counting.shop.variation() for _ in range(3))
    counting.shop.receive(gone, 3)
    counting.shop.sell(gone, 3)
    counting.shop.receive(elsewhere, 3, outlet=make_outlet("Second"))
    counting.shop.receive(there, 3)

    assert [each.variation_id for each in proposed(counting)] == [there.pk]


def test_equals_stand_in_the_order_of_their_ids(counting: Counting) -> None:
    items = [counting.shop.variation() for _ in range(5)]
    for item in reversed(items):
        counting.shop.receive(item, 3, cost="1")

    assert [each.variation_id for each in proposed(counting)] == [item.pk for item in items]
    assert [each.variation_id for each in proposed(counting, limit=2)] == [item.pk for item in items[:2]]


def test_an_empty_outlet_has_nothing_to_count(counting: Counting) -> None:
    assert proposed(counting) == []
