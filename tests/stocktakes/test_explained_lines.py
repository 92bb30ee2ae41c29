"""The facts around a line, gathered from the ledger: each kind of mistake, made through the operations, is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from tests.stock.conftest import Shop
from tests.stocktakes.conftest import Counting

from lotkeeper.catalog.operations import create_pack
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import StockMovement
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    ReceiptLine,
    adjust_stock,
    deduct_stock,
    receive_stock,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.policies import MovementKind
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.models import StockTake
from lotkeeper.stocktakes.operations import (
    Found,
    cancel_stock_take,
    reconcile_stock_take,
    swap_batches,
)
from lotkeeper.stocktakes.policies import Certainty, Explanation
from lotkeeper.stocktakes.queries import ExplainedLine, explained_lines
from lotkeeper.transfers.operations import receive_transfer, transfer_stock


def explained(take: StockTake, limit: int = 100, **wanted: Any) -> Sequence[ExplainedLine]:
    with transaction.atomic():
        return explained_lines(StockTake.objects.get(pk=take.pk), Window(None, limit), **wanted)


def of(take: StockTake, batch: int | None) -> Sequence[Explanation]:
    (found,) = [each.explanations for each in explained(take) if each.line.batch_id == batch]
    return found


def codes(take: StockTake, batch: int | None) -> list[str]:
    return [each.code.value for each in of(take, batch)]


@pytest.fixture
def second(make_outlet: Callable[..., Outlet]) -> Outlet:
    return make_outlet("Second")


def test_lines_that_agree_are_not_listed(counting: Counting) -> None:
    item = counting.shop.variation()
    right, wrong = counting.shop.receive(item, 5, "A"), counting.shop.receive(item, 7, "B")
    take = counting.open()
    counting.see(take, right, 5)
    counting.see(take, wrong, 1)

    (found,) = explained(take)

    assert (found.line.batch_id, found.line.variance, found.explanations) == (wrong, -6, [])


def test_a_swap_is_told_on_both_lines_wherever_the_page_ends(counting: Counting) -> None:
    item = counting.shop.variation()
    short, over = counting.shop.receive(item, 20, "A", cost="2"), counting.shop.receive(item, 20, "B", cost="1")
    take = counting.open()
    counting.see(take, short, 17)
    counting.see(take, over, 23)

    for batch, other in ((short, over), (over, short)):
        (told,) = of(take, batch)
        assert (told.code, told.certainty, told.batch_id) == ("swapped_batch", Certainty.LIKELY, other)
    (first,) = explained(take, 1)
    assert (first.line.batch_id, [each.code.value for each in first.explanations]) == (short, ["swapped_batch"])

    offered = first.explanations[0]
    swap_batches(
        actor=counting.shop.actor,
        stock_take_id=take.pk,
        short_item_id=first.line.item_id,
        over_item_id=offered.item_id or 0,
        quantity=abs(offered.explained),
    )
    assert explained(take) == []


def test_one_line_is_asked_for_by_its_id(counting: Counting) -> None:
    item = counting.shop.variation()
    short, over = counting.shop.receive(item, 20, "A"), counting.shop.receive(item, 20, "B")
    take = counting.open()
    counting.see(take, short, 17)
    counting.see(take, over, 23)
    item_id = counting.line(take, over).item_id

    (found,) = explained(take, item_ids=[item_id])

    assert (found.line.item_id, [each.code.value for each in found.explanations]) == (item_id, ["swapped_batch"])


def test_goods_nobody_knew_beside_a_shortage_are_told_as_a_swap(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 20, "A")
    take = counting.open()
    counting.see(take, batch, 16)
    counting.see(take, Found(item.pk, "A-1"), 4)

    assert [each.batch_id for each in of(take, batch)] == [None]
    assert [(each.code.value, each.batch_id) for each in of(take, None)] == [("swapped_batch", batch)]


def test_sales_of_a_sibling_that_nobody_counted(counting: Counting) -> None:
    item = counting.shop.variation()
    short, sibling = counting.shop.receive(item, 30, "A"), counting.shop.receive(item, 30, "B")
    counting.shop.sell(item, 6, batch=sibling)
    take = counting.open()
    counting.see(take, short, 24)
    counting.shop.sell(item, 9, batch=sibling)

    (told,) = of(take, short)
    assert (told.code, told.batch_id, told.explained) == ("sold_other_batch", sibling, -6)
    assert told.sentence.startswith("Since the last count 6 were booked as sold from batch B.")

    # A posted count of the sibling has looked at those sales.
    other = counting.open()
    counting.see(other, sibling, 15)
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=other.pk)
    assert codes(take, short) == []


def test_packs_of_the_variation(counting: Counting) -> None:
    item = counting.shop.variation()
    create_pack(actor=counting.shop.actor, variation_id=item.pk, name="Box", factor=9)
    batch = counting.shop.receive(item, 45)
    take = counting.open()
    counting.see(take, batch, 5)

    (told,) = of(take, batch)
    assert (told.code, told.sentence) == ("counted_in_packs", "The book's 45 is 5 times Box of 9: packs were counted.")


def test_a_delivery_entered_twice_until_one_is_reversed(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 25)
    counting.shop.receive(item, 25)
    take = counting.open()
    counting.see(take, batch, 25)

    (told,) = of(take, batch)
    assert (told.code, told.explained, len(told.operation_ids)) == ("receipt_entered_twice", -25, 2)
    reverse_operation(actor=counting.shop.actor, operation_id=told.operation_ids[1], reason="entered twice")
    # The reversal is dated to now: the count would correct it once more.
    assert codes(take, batch) == ["corrected_since"]


def test_the_same_number_under_another_cost_is_the_same_goods(counting: Counting) -> None:
    item = counting.shop.variation()
    counting.shop.receive(item, 25, cost="2")
    batch = counting.shop.receive(item, 25, cost="3")
    take = counting.open()
    counting.see(take, batch, 0)

    assert "receipt_entered_twice" in codes(take, batch)


def test_deliveries_that_a_posted_count_has_seen_are_settled_unless_it_is_undone(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 25)
    counting.shop.receive(item, 25)
    checked, take = counting.open(), counting.open()
    counting.see(checked, batch, 49)
    posted, _ = reconcile_stock_take(actor=counting.shop.actor, stock_take_id=checked.pk)
    counting.see(take, batch, 24)
    assert codes(take, batch) == []

    reverse_operation(actor=counting.shop.actor, operation_id=posted.operation_id, reason="wrong shelf")
    again = counting.open()
    counting.see(again, batch, 25)
    assert codes(again, batch) == ["receipt_entered_twice"]


def test_a_delivery_entered_after_the_shelf_was_counted(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 30)
    take = counting.open()
    counting.see(take, batch, 37)
    counting.shop.receive(item, 7)

    assert codes(take, batch) == ["receipt_after_count"]


def test_a_transfer_that_nobody_confirmed_and_one_entered_by_hand_too(counting: Counting, second: Outlet) -> None:
    item = counting.shop.variation()
    counting.shop.receive(item, 40, "A", outlet=second)
    batch = counting.shop.receive(item, 50, "A")
    transfer = transfer_stock(
        actor=counting.shop.actor,
        source_id=second.pk,
        destination_id=counting.shop.outlet.pk,
        lines=[IssueLine(item.pk, Decimal(8))],
    )
    take = counting.open()
    counting.see(take, batch, 58)

    (told,) = of(take, batch)
    assert (told.code, told.transfer_id, told.explained) == ("receipt_not_entered", transfer.pk, 8)

    counting.shop.receive(item, 8)
    receive_transfer(actor=counting.shop.actor, transfer_id=transfer.pk)
    again = counting.open()
    counting.see(again, batch, 58)
    (told,) = of(again, batch)
    assert (told.code, told.explained) == ("transfer_received_twice", -8)


def test_goods_on_their_way_elsewhere_say_nothing(counting: Counting, second: Outlet) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 50, "A")
    transfer_stock(
        actor=counting.shop.actor,
        source_id=counting.shop.outlet.pk,
        destination_id=second.pk,
        lines=[IssueLine(item.pk, Decimal(8))],
    )
    take = counting.open()
    counting.see(take, batch, 50)

    assert codes(take, batch) == []


def test_a_correction_since_the_count(counting: Counting) -> None:
    item = counting.shop.variation()
    broken, missing = counting.shop.receive(item, 30, "A"), counting.shop.receive(item, 50, "B")
    take = counting.open()
    counting.see(take, broken, 26)
    counting.see(take, missing, 43)
    lines = [BatchQuantity(broken, Decimal(4))]
    write_off_stock(actor=counting.shop.actor, lines=lines, movement_type=MovementKind.DAMAGE, reason="fell down")
    adjust_stock(actor=counting.shop.actor, lines=[BatchQuantity(missing, Decimal(-7))], reason="seven are missing")

    assert (codes(take, broken), codes(take, missing)) == (["corrected_since"], ["corrected_since"])


def test_a_count_that_was_posted_meanwhile_is_no_correction(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 30)
    first, take = counting.open(), counting.open()
    counting.see(first, batch, 26)
    counting.see(take, batch, 23)
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=first.pk)

    line = counting.line(take, batch)
    assert (line.variance, codes(take, batch)) == (-3, [])


def test_a_sale_entered_late(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 30)
    take = counting.open()
    before = counting.now()
    counting.see(take, batch, 30)
    line = IssueLine(item.pk, Decimal(5))
    deduct_stock(actor=counting.shop.actor, outlet_id=counting.shop.outlet.pk, lines=[line], occurred_at=before)

    assert codes(take, batch) == ["entered_late"]


def test_counters_who_disagree_and_goods_that_moved_between_places(counting: Counting) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 30)
    take = counting.open()
    counting.see(take, batch, 20, place="shelf")
    counting.see(take, batch, 18, place="shelf")
    counting.shop.sell(item, 3)
    counting.see(take, batch, 4, place="back room")

    found = {each.code.value: each for each in of(take, batch)}
    assert {code: each.explained for code, each in found.items()} == {
        "counters_disagree": -2,
        "moved_between_places": -3,
    }


def test_what_happened_elsewhere_is_not_looked_at(counting: Counting, second: Outlet) -> None:
    item = counting.shop.variation()
    batch = counting.shop.receive(item, 25)
    for _ in range(2):
        line = ReceiptLine(item.pk, Decimal(5), "A", None, None)
        receive_stock(actor=counting.shop.actor, outlet_id=second.pk, lines=[line], confirmed=True)
    take = counting.open()
    counting.see(take, batch, 20)

    assert codes(take, batch) == []


def test_a_count_that_is_over_or_superseded_has_nothing_to_explain(counting: Counting) -> None:
    item = counting.shop.variation()
    short, over = counting.shop.receive(item, 20, "A"), counting.shop.receive(item, 20, "B")
    cancelled, early, late = counting.open(), counting.open(), counting.open()
    for take in (cancelled, early, late):
        counting.see(take, short, 17)
        counting.see(take, over, 23)
    cancel_stock_take(actor=counting.shop.actor, stock_take_id=cancelled.pk)
    reconcile_stock_take(actor=counting.shop.actor, stock_take_id=late.pk)

    assert (explained(cancelled), explained(late)) == ([], [])
    assert [each.explanations for each in explained(early)] == [[], []]


def test_explaining_a_page_takes_a_handful_of_statements(
    counting: Counting, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    take = counting.open()
    for _ in range(12):
        item = counting.shop.variation()
        counting.see(take, counting.shop.receive(item, 20, "A"), 17)
        counting.see(take, counting.shop.receive(item, 20, "B"), 23)
    with transaction.atomic():
        known = StockTake.objects.get(pk=take.pk)
        # Each statement is preceded by its SET.
        with django_assert_max_num_queries(7):
            found = explained_lines(known, Window(None, 100))
    assert [len(each.explanations) for each in found] == [1] * 24


def test_moments_are_told_in_the_outlets_own_time(counting: Counting, make_outlet: Callable[..., Outlet]) -> None:
    far = Counting(Shop(counting.shop.actor, make_outlet("Far", "Pacific/Auckland")), counting.shop.actor)
    item = counting.shop.variation()
    batch = far.shop.receive(item, 25)
    far.shop.receive(item, 25)
    take = far.open()
    far.see(take, batch, 25)

    (told,) = of(take, batch)
    with transaction.atomic():
        entered = StockMovement.objects.filter(batch_id=batch).order_by("version").values_list("occurred_at", flat=True)
        first, again = (f"{moment.astimezone(ZoneInfo('Pacific/Auckland')):%Y-%m-%d %H:%M}" for moment in entered)
    assert told.sentence.startswith(f"25 of this batch number were taken in twice ({first} and {again}).")
