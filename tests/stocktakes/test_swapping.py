"""Two batches that were mistaken for each other are put right as one, and the rest of the count is posted as usual."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from tests.stocktakes.conftest import Counting

from lotkeeper.accounts.models import Tenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.errors import InvalidRequest, NotFound, PermissionRefused
from lotkeeper.stock.errors import InsufficientStockError, ReferenceReused
from lotkeeper.stock.models import StockMovement
from lotkeeper.stock.operations import Posting
from lotkeeper.stocktakes.errors import ApprovalNeeded, NoSwap, StockTakeClosed
from lotkeeper.stocktakes.models import StockTake
from lotkeeper.stocktakes.operations import (
    Found,
    approve_differences,
    cancel_stock_take,
    reconcile_stock_take,
    request_recount,
    swap_batches,
)


class Mistaken:
    """A variation of which A is short by 5 and B over by 3."""

    def __init__(self, counting: Counting) -> None:
        self.counting = counting
        self.item: ItemVariation = counting.shop.variation()
        self.short = counting.shop.receive(self.item, 20, "A", cost="2")
        self.over = counting.shop.receive(self.item, 20, "B", cost="3")
        self.take: StockTake = counting.open()
        counting.see(self.take, self.short, 15)
        counting.shop.sell(self.item, 4, batch=self.over)
        counting.see(self.take, self.over, 19)

    def item_of(self, batch: int) -> int:
        return self.counting.line(self.take, batch).item_id

    def swap(self, quantity: int | str = 3, **more: Any) -> Posting:
        asked: dict[str, Any] = {
            "actor": self.counting.shop.actor,
            "stock_take_id": self.take.pk,
            "short_item_id": self.item_of(self.short),
            "over_item_id": self.item_of(self.over),
            "quantity": Decimal(quantity),
            **more,
        }
        return swap_batches(**asked)

    def variances(self) -> list[Decimal | None]:
        return [self.counting.line(self.take, batch).variance for batch in (self.short, self.over)]

    def refuses(self, refusal: type[Exception], quantity: int | str = 3, **more: Any) -> Any:
        before = self.variances(), self.counting.shop.ledger(self.item)
        with pytest.raises(refusal) as refused:
            self.swap(quantity, **more)
        assert (self.variances(), self.counting.shop.ledger(self.item)) == before
        return refused.value


@pytest.fixture
def mistaken(counting: Counting) -> Mistaken:
    return Mistaken(counting)


def test_both_differences_shrink_and_the_rest_is_posted(mistaken: Mistaken) -> None:
    counting = mistaken.counting
    assert mistaken.variances() == [-5, 3]

    posting = mistaken.swap(3)

    assert {movement.batch_id: movement.quantity for movement in posting.movements} == {
        mistaken.short: -3,
        mistaken.over: 3,
    }
    assert mistaken.variances() == [-2, 0]
    assert [counting.line(mistaken.take, batch).variance_reason for batch in (mistaken.short, mistaken.over)] == [
        "3 mistaken for batch B",
        "3 mistaken for batch A",
    ]
    _, adjusted = reconcile_stock_take(actor=counting.shop.actor, stock_take_id=mistaken.take.pk)
    assert adjusted == 1
    assert counting.shop.on_hand(mistaken.item) == {"A": 15, "B": 19}


def test_a_swap_does_not_lie_between_the_counts_of_two_places(counting: Counting) -> None:
    item = counting.shop.variation()
    short, over = counting.shop.receive(item, 20, "A"), counting.shop.receive(item, 20, "B")
    take = counting.open()
    counting.see(take, short, 7, place="shelf")
    first_counted = counting.line(take, short).counted_at
    counting.see(take, over, 23)
    counting.see(take, short, 10, place="back room")
    ids = {batch: counting.line(take, batch).item_id for batch in (short, over)}

    posting = swap_batches(
        actor=counting.shop.actor,
        stock_take_id=take.pk,
        short_item_id=ids[short],
        over_item_id=ids[over],
        quantity=Decimal(3),
    )

    with transaction.atomic():
        moments = StockMovement.objects.filter(operation_id=posting.operation_id).values_list("occurred_at", flat=True)
        assert set(moments) == {first_counted}
    for batch in (short, over):
        line = counting.line(take, batch)
        assert (line.variance, line.moved_between_places, line.needs_approval) == (0, 0, False)


def test_a_swap_is_one_adjustment_of_the_first_counting(mistaken: Mistaken) -> None:
    first_counted = mistaken.counting.line(mistaken.take, mistaken.short).counted_at
    posting = mistaken.swap(3)

    with transaction.atomic():
        lines = StockMovement.objects.filter(operation_id=posting.operation_id).select_related("operation")
        told = {(line.operation.kind, line.movement_type, line.occurred_at) for line in lines}
        reasons = {line.operation.reason for line in lines}
    assert told == {("adjustment", "adjustment", first_counted)}
    assert reasons == {f"Stock take {mistaken.take.pk}: two batches were mistaken for each other"}


def test_the_same_swap_is_posted_once_even_after_the_count_was(mistaken: Mistaken) -> None:
    first = mistaken.swap(3, reference_id="swap-1")
    again = mistaken.swap(3, reference_id="swap-1")
    mistaken.refuses(ReferenceReused, 2, reference_id="swap-1")
    reconcile_stock_take(actor=mistaken.counting.shop.actor, stock_take_id=mistaken.take.pk)
    later = mistaken.swap(3, reference_id="swap-1")

    assert [each.replayed for each in (first, again, later)] == [False, True, True]
    assert {each.operation_id for each in (first, again, later)} == {first.operation_id}
    assert mistaken.counting.line(mistaken.take, mistaken.short).variance_reason == "3 mistaken for batch B"
    assert mistaken.counting.shop.on_hand(mistaken.item) == {"A": 15, "B": 19}


def test_no_more_is_swapped_than_both_differ_by(mistaken: Mistaken) -> None:
    refused = mistaken.refuses(NoSwap, 4)
    assert (refused.fields["short_variance"], refused.fields["over_variance"]) == (-5, 3)
    short, over = mistaken.item_of(mistaken.short), mistaken.item_of(mistaken.over)

    mistaken.refuses(NoSwap, 1, short_item_id=over, over_item_id=short)
    mistaken.refuses(NoSwap, 1, over_item_id=short)
    mistaken.swap(1)
    mistaken.refuses(NoSwap, 3)
    mistaken.swap(2)
    assert mistaken.variances() == [-2, 0]


def test_batches_of_two_variations_are_not_swapped(mistaken: Mistaken) -> None:
    counting = mistaken.counting
    other = counting.shop.variation()
    batch = counting.shop.receive(other, 5)
    counting.see(mistaken.take, batch, 9)

    mistaken.refuses(NoSwap, 3, over_item_id=mistaken.item_of(batch))

    assert counting.shop.on_hand(other) == {"A": 5}


def test_goods_without_a_batch_are_not_swapped(mistaken: Mistaken) -> None:
    mistaken.counting.see(mistaken.take, Found(mistaken.item.pk, "N-1"), 4)
    (found,) = [line for line in mistaken.counting.lines(mistaken.take) if line.found]

    mistaken.refuses(NoSwap, 3, over_item_id=found.item_id)


def test_a_line_that_is_to_be_counted_again_is_not_swapped(mistaken: Mistaken) -> None:
    request_recount(
        actor=mistaken.counting.shop.actor,
        stock_take_id=mistaken.take.pk,
        item_ids=[mistaken.item_of(mistaken.over)],
    )
    mistaken.refuses(NoSwap, 1)


def test_what_was_sold_since_is_not_taken_away(mistaken: Mistaken) -> None:
    mistaken.counting.shop.sell(mistaken.item, 18, batch=mistaken.short)
    mistaken.refuses(InsufficientStockError, 3)


def test_nothing_is_swapped_when_the_count_is_over(mistaken: Mistaken) -> None:
    cancel_stock_take(actor=mistaken.counting.shop.actor, stock_take_id=mistaken.take.pk)
    mistaken.refuses(StockTakeClosed)


def test_who_may_not_post_a_count_may_not_swap(mistaken: Mistaken) -> None:
    mistaken.refuses(PermissionRefused, actor=mistaken.counting.counter)


def test_what_is_not_a_line_or_a_quantity(mistaken: Mistaken) -> None:
    other = mistaken.counting.open()
    mistaken.counting.see(other, mistaken.over, 25)
    elsewhere = mistaken.counting.line(other, mistaken.over).item_id

    for wrong in (10**12, elsewhere):
        mistaken.refuses(NotFound, short_item_id=wrong)
        mistaken.refuses(NotFound, over_item_id=wrong)
    mistaken.refuses(NotFound, stock_take_id=10**12)
    for quantity in ("0", "-1", "NaN", "0.0001"):
        mistaken.refuses(InvalidRequest, quantity)


def test_a_swap_is_no_way_round_a_second_person(
    mistaken: Mistaken, colleague: Callable[..., Actor], business: Any
) -> None:
    counting = mistaken.counting
    with transaction.atomic():
        Tenant.objects.filter(pk=business.tenant.pk).update(count_tolerance_units=4)
    strict = counting.open()
    counting.see(strict, mistaken.short, 15)
    counting.see(strict, mistaken.over, 19)
    mistaken.take = strict
    short = mistaken.item_of(mistaken.short)

    assert mistaken.refuses(ApprovalNeeded, 1).fields == {"items": 1, "item_ids": [short]}
    approve_differences(actor=colleague(business, Role.MANAGER), stock_take_id=strict.pk)
    mistaken.swap(3)

    assert mistaken.variances() == [-2, 0]
    assert not counting.line(strict, mistaken.short).needs_approval
