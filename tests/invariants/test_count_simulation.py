"""A shop is counted while it sells: afterwards the book is what stands on the shelves, exactly.

Three count, four sell, an office receives, writes off and sends goods about; some were lost and some found before
anybody counted. What is seen offline comes late, in any order and twice, sales of an offline till too.
``HYPOTHESIS_PROFILE=thorough`` plays a hundred such days.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Subquery
from tests.invariants.counted_shop import Day, play
from tests.invariants.shelves import BATCHES, ZERO, Stock

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock.models import Count, StockMovement
from lotkeeper.stocktakes.models import StockTakeItem, StockTakeObservation

SEEDS = range(100 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 2)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_day_of_counting_and_selling_the_book_is_the_shelf(
    make_business: Callable[[], NewTenant], seed: int
) -> None:
    business = make_business()
    with tenant_scope(business.tenant.pk):
        day = play(business.actor, seed)

        book, shelves = day.world.book(), day.world.shelves()
        assert wrong(book, shelves) == {}
        assert book.keys() == shelves.keys()
        assert_that_much_happened(day)
        # The same day, posted as by a system that reads its figure once: on opening the count, or on posting it.
        difference, absolute = naively_posted(day)
        assert len(wrong(difference, shelves)) > 20
        assert len(wrong(absolute, shelves)) > 20


def wrong(book: Stock, shelves: Stock) -> dict[tuple[int, int, str], tuple[Decimal | None, Decimal]]:
    """Where the book is not the shelf, and by how much."""
    return {at: (book.get(at), there) for at, there in shelves.items() if book.get(at) != there}


def assert_that_much_happened(day: Day) -> None:
    """Everything that makes counting hard was there."""
    with transaction.atomic():
        items = StockTakeItem.objects.filter(stock_take=day.take)
        seen = StockTakeObservation.objects.filter(stock_take=day.take)
        late = seen.filter(recorded_at__gt=F("counted_at") + dt.timedelta(milliseconds=100))
        moved_since = StockMovement.objects.filter(batch=OuterRef("batch"), version__gt=OuterRef("system_version"))
        entered_late = StockMovement.objects.filter(recorded_at__gt=F("occurred_at") + dt.timedelta(milliseconds=50))
        told = {
            "counted": items.filter(system_count__isnull=False).count(),
            "different": items.exclude(variance=0).count(),
            "found": items.exclude(found_number="").count(),
            "counted again": items.filter(round__gt=1).count(),
            "superseded": items.filter(superseded=True).count(),
            "moved since": items.filter(Exists(moved_since)).count(),
            "sent late": late.count(),
            "entered late": entered_late.filter(movement_type="sale").count(),
        }
    assert told["counted"] >= BATCHES, told
    assert min(told.values()) >= 5, told


def naively_posted(day: Day) -> tuple[Stock, Stock]:
    """The book if each count were posted as its difference from the figure of opening, or set as the figure itself."""
    # What was counted is in the book as a difference from the book of its own moment; with another figure in its place
    # the difference is another.
    difference = day.world.book()
    absolute = dict(difference)
    balance_then = StockMovement.objects.filter(batch=OuterRef("batch"), version=OuterRef("last_version"))
    with transaction.atomic():
        counts = list(
            Count.objects.filter(operation__stock_takes=day.take)
            .annotate(on_hand=Subquery(balance_then.values("balance_after")))
            .values_list("batch__variation_id", "batch__batch_number", "book", "on_hand")
        )
    for variation_id, number, book, on_hand in counts:
        at = (day.world.shop_id, variation_id, number)
        difference[at] += book - day.book_before.get(at, ZERO)
        absolute[at] += book - (on_hand or ZERO)
    return difference, absolute
