"""What may explain a difference, told from the facts alone: the codes, the figures, the sentences, the order."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lotkeeper.stock.policies import MovementKind
from lotkeeper.stocktakes.policies import (
    Boxed,
    Certainty,
    Explanation,
    ExplanationCode,
    Facts,
    InTransit,
    Moved,
    OtherLine,
    Uncounted,
    explain,
)

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def facts(counted: int | str, book: int | str, **more: Any) -> Facts:
    return Facts("A", Decimal(counted), Decimal(book), NOON, ZoneInfo("Europe/Berlin"), **more)


def moved(kind: MovementKind, quantity: int, at: dt.datetime, operation: int = 1, **more: Any) -> Moved:
    return Moved(operation, kind, Decimal(quantity), at, **{"own": True, **more})


def only(known: Facts) -> Explanation:
    (explanation,) = explain(known)
    return explanation


def codes(known: Facts) -> list[tuple[str, str]]:
    return [(each.code.value, each.certainty.value) for each in explain(known)]


def test_what_agrees_has_nothing_to_explain() -> None:
    assert explain(facts(5, 5, apart=Decimal(3), others=[OtherLine(2, 12, "B", Decimal(1))])) == []
    assert explain(facts(5, 8)) == []


class TestAnotherBatch:
    def test_the_opposite_difference_on_a_sibling_is_a_swap(self) -> None:
        assert only(facts(7, 10, others=[OtherLine(72, 12, "B", Decimal(3))])) == Explanation(
            ExplanationCode.SWAPPED_BATCH,
            Certainty.LIKELY,
            "Batch A is short and batch B is over by 3. 3 may have been sold or received as the wrong one of the two.",
            Decimal(-3),
            item_id=72,
            batch_id=12,
        )

    def test_from_the_other_side_it_reads_the_same(self) -> None:
        found = only(facts(13, 10, others=[OtherLine(72, 12, "B", Decimal(-3))]))
        assert found.sentence.startswith("Batch B is short and batch A is over by 3. ")
        assert found.explained == 3

    def test_part_of_it_is_only_possible(self) -> None:
        found = only(facts(5, 10, others=[OtherLine(72, 12, "B", Decimal(3))]))
        assert (found.certainty, found.explained) == (Certainty.POSSIBLE, -3)
        assert "over by 3 or more. 3 may" in found.sentence

    def test_a_difference_the_same_way_is_none(self) -> None:
        assert explain(facts(7, 10, others=[OtherLine(72, 12, "B", Decimal(-3))])) == []

    def test_sales_booked_from_an_uncounted_sibling_make_a_shortage_possible(self) -> None:
        assert only(facts(7, 11, uncounted=[Uncounted(12, "B", Decimal(4)), Uncounted(13, "C", Decimal(3))])) == (
            Explanation(
                ExplanationCode.SOLD_OTHER_BATCH,
                Certainty.HINT,
                "Since the last count 4 were booked as sold from batch B. If some of them came off the other batch's "
                "shelf, batch B differs too: count it.",
                Decimal(-4),
                batch_id=12,
            )
        )

    def test_sales_booked_from_the_batch_itself_make_a_surplus_possible(self) -> None:
        known = facts(14, 10, sold=Decimal(6), uncounted=[Uncounted(12, "B", Decimal(0))])
        assert only(known).sentence.startswith("Since the last count 6 were booked as sold from batch A. ")
        assert explain(facts(17, 10, sold=Decimal(6), uncounted=known.uncounted)) == []


class TestPacks:
    BOX = (Boxed("Box", 9),)

    @pytest.mark.parametrize(
        ("counted", "book", "certainty", "sentence"),
        [
            (5, 45, Certainty.LIKELY, "The book's 45 is 5 times Box of 9: packs were counted."),
            (27, 3, Certainty.LIKELY, "27 is 3 times Box of 9: pieces were counted as packs."),
            (4, 20, Certainty.POSSIBLE, "2 times Box of 9 counted as one piece each would make the difference."),
            (30, 48, Certainty.POSSIBLE, "The difference is 2 times Box of 9: overlooked, or counted twice."),
            (35, 26, Certainty.POSSIBLE, "The difference is 1 times Box of 9: overlooked, or counted twice."),
        ],
    )
    def test_packs_explain(self, counted: int, book: int, certainty: Certainty, sentence: str) -> None:
        assert only(facts(counted, book, packs=self.BOX)) == Explanation(
            ExplanationCode.COUNTED_IN_PACKS, certainty, sentence, Decimal(counted - book)
        )

    @pytest.mark.parametrize(("counted", "book"), [(30, 47), (1, 37), (0, 16), (60, 20)])
    def test_other_differences_are_none_of_packs(self, counted: int, book: int) -> None:
        assert explain(facts(counted, book, packs=self.BOX)) == []

    def test_a_small_pack_fits_by_chance(self) -> None:
        assert explain(facts(30, 34, packs=[Boxed("Pair", 2)])) == []


class TestTyping:
    @pytest.mark.parametrize(
        ("counted", "book", "slip"),
        [
            (120, 12, "a zero too many"),
            (12, 120, "a zero too few"),
            (53, 35, "two digits exchanged"),
            (1243, 1234, "two digits exchanged"),
        ],
    )
    def test_a_slip_of_the_finger(self, counted: int, book: int, slip: str) -> None:
        assert only(facts(counted, book)) == Explanation(
            ExplanationCode.LOOKS_LIKE_TYPING_ERROR,
            Certainty.POSSIBLE,
            f"{counted} was counted where the book says {book}: {slip}?",
            Decimal(counted - book),
        )

    @pytest.mark.parametrize(("counted", "book"), [(0, 7), (7, 0), (321, 123), (13, 12), (100, 1), (531, 135)])
    def test_other_figures_are_none(self, counted: int, book: int) -> None:
        assert explain(facts(counted, book)) == []

    def test_figures_with_decimals_are_compared_as_written(self) -> None:
        assert codes(facts("1.25", "1.52", decimals=2)) == [("looks_like_typing_error", "possible")]
        assert codes(facts("1.5", "15", decimals=1)) == [("looks_like_typing_error", "possible")]


class TestBookings:
    def test_two_deliveries_alike_are_perhaps_one(self) -> None:
        twice = [
            moved(MovementKind.PURCHASE, 24, NOON - 9 * DAY, 8),
            moved(MovementKind.PURCHASE, 24, NOON - 2 * DAY, 9, own=False),
        ]
        assert only(facts(30, 54, moved=twice)) == Explanation(
            ExplanationCode.RECEIPT_ENTERED_TWICE,
            Certainty.LIKELY,
            "24 of this batch number were taken in twice (2026-11-11 13:00 and 2026-11-18 13:00). "
            "If it was one delivery, reverse one of the two.",
            Decimal(-24),
            operation_ids=[8, 9],
        )

    @pytest.mark.parametrize(
        "second",
        [
            moved(MovementKind.PURCHASE, 24, NOON - 30 * DAY),
            moved(MovementKind.PURCHASE, 23, NOON - 2 * DAY),
            moved(MovementKind.PURCHASE, 24, NOON + DAY),
            moved(MovementKind.ADJUSTMENT, 24, NOON - DAY),
        ],
    )
    def test_what_is_no_second_entry(self, second: Moved) -> None:
        first = moved(MovementKind.PURCHASE, 24, NOON - 10 * DAY, 8)
        assert explain(facts(30, 54, moved=[first, second])) == []

    def test_what_a_count_has_looked_at_is_settled(self) -> None:
        first = moved(MovementKind.PURCHASE, 24, NOON - 10 * DAY, 8, settled=True)
        second = moved(MovementKind.PURCHASE, 24, NOON - 9 * DAY, 9)
        settled = moved(MovementKind.PURCHASE, 24, NOON - 9 * DAY, 9, settled=True)
        assert codes(facts(30, 54, moved=[first, second])) == [("receipt_entered_twice", "likely")]
        assert explain(facts(30, 54, moved=[first, settled])) == []

    def test_two_entries_of_other_batches_alone_say_nothing_of_this_one(self) -> None:
        others = [moved(MovementKind.PURCHASE, 24, NOON - each * DAY, each, own=False) for each in (1, 2)]
        assert explain(facts(30, 54, moved=others)) == []

    @pytest.mark.parametrize(
        ("second", "told"),
        [
            (MovementKind.PURCHASE, "12 came by a transfer and were also entered as a delivery"),
            (MovementKind.TRANSFER_IN, "Two transfers of 12 of this batch number were confirmed"),
        ],
    )
    def test_a_transfer_that_came_twice(self, second: MovementKind, told: str) -> None:
        came = [moved(MovementKind.TRANSFER_IN, 12, NOON - 3 * DAY, 8), moved(second, 12, NOON - 2 * DAY, 9)]
        found = only(facts(3, 15, moved=came))
        assert (found.code, found.explained, found.operation_ids) == ("transfer_received_twice", -12, [8, 9])
        assert found.sentence.startswith(f"{told} (2026-11-17 13:00 and 2026-11-18 13:00).")

    def test_a_delivery_entered_after_the_counting(self) -> None:
        came = [moved(MovementKind.PURCHASE, 6, NOON + DAY, 8)]
        assert only(facts(16, 10, moved=came)) == Explanation(
            ExplanationCode.RECEIPT_AFTER_COUNT,
            Certainty.LIKELY,
            "6 of this batch number were taken in after the counting (2026-11-21 13:00). "
            "If they stood on the shelf already, posting would add them twice.",
            Decimal(6),
            operation_ids=[8],
        )
        assert explain(facts(17, 10, moved=came)) == []
        assert explain(facts(16, 10, moved=[moved(MovementKind.PURCHASE, 6, NOON + 4 * DAY)])) == []

    @pytest.mark.parametrize(
        "kind", [MovementKind.ADJUSTMENT, MovementKind.DAMAGE, MovementKind.EXPIRY, MovementKind.REVERSAL]
    )
    def test_a_correction_since_would_be_made_twice(self, kind: MovementKind) -> None:
        assert only(facts(7, 10, moved=[moved(kind, -3, NOON + DAY, 8)])) == Explanation(
            ExplanationCode.CORRECTED_SINCE,
            Certainty.LIKELY,
            "-3 was posted since the shelf was counted (2026-11-21 13:00). "
            "Posting this count would correct the same difference twice.",
            Decimal(-3),
            operation_ids=[8],
        )

    def test_two_corrections_may_make_it_up_together(self) -> None:
        two = [moved(MovementKind.DAMAGE, -each, NOON + each * DAY, each) for each in (1, 2)]
        assert only(facts(7, 10, moved=two)).operation_ids == [1, 2]

    @pytest.mark.parametrize(
        "other",
        [
            moved(MovementKind.DAMAGE, -3, NOON - DAY),
            moved(MovementKind.DAMAGE, -2, NOON + DAY),
            moved(MovementKind.ADJUSTMENT, 3, NOON + DAY),
            moved(MovementKind.DAMAGE, -3, NOON + DAY, own=False),
        ],
    )
    def test_what_is_no_correction_of_this_difference(self, other: Moved) -> None:
        assert explain(facts(7, 10, moved=[other])) == []

    def test_goods_on_their_way_may_have_arrived(self) -> None:
        sent = [InTransit(5, "A", Decimal(4)), InTransit(6, "B", Decimal(4)), InTransit(7, "A", Decimal(3))]
        same, another = explain(facts(14, 10, in_transit=sent))
        assert same == Explanation(
            ExplanationCode.RECEIPT_NOT_ENTERED,
            Certainty.LIKELY,
            "4 of this batch number are on their way here (transfer 5) and nobody has confirmed them. "
            "If they arrived, receive the transfer instead of posting the difference.",
            Decimal(4),
            transfer_id=5,
        )
        assert (another.certainty, another.transfer_id) == (Certainty.HINT, 6)
        assert another.sentence.startswith("4 of batch B are on their way here (transfer 6)")

    def test_a_sale_entered_late_that_had_not_happened_yet(self) -> None:
        assert only(facts(10, 7, entered_late=Decimal(-3))) == Explanation(
            ExplanationCode.ENTERED_LATE,
            Certainty.LIKELY,
            "-3 was entered after the counting and dated before it; without that the shelf agrees with the book. "
            "If it happened after the counting, its date is wrong.",
            Decimal(3),
        )
        assert explain(facts(9, 7, entered_late=Decimal(-3))) == []


class TestCounting:
    @pytest.mark.parametrize(("apart", "certainty", "explained"), [(4, "possible", -3), (2, "hint", -2)])
    def test_counters_disagree(self, apart: int, certainty: str, explained: int) -> None:
        assert only(facts(7, 10, apart=Decimal(apart))) == Explanation(
            ExplanationCode.COUNTERS_DISAGREE,
            Certainty(certainty),
            f"Two counts of the same place differ by {apart}, sales between them allowed for. Have it counted again.",
            Decimal(explained),
        )

    @pytest.mark.parametrize(("between", "certainty", "explained"), [(3, "possible", 3), (1, "hint", 1)])
    def test_goods_moved_between_the_counts_of_two_places(self, between: int, certainty: str, explained: int) -> None:
        assert only(facts(13, 10, moved_between=Decimal(between))) == Explanation(
            ExplanationCode.MOVED_BETWEEN_PLACES,
            Certainty(certainty),
            f"The book moved by {between} between the counts of two places of this batch; that may have been counted "
            "twice, or not at all.",
            Decimal(explained),
        )


def test_the_surest_comes_first_and_of_equals_what_explains_more() -> None:
    known = facts(
        12,
        21,
        packs=[Boxed("Box", 9)],
        apart=Decimal(5),
        others=[OtherLine(72, 12, "B", Decimal(4)), OtherLine(73, 13, "C", Decimal(9))],
        uncounted=[Uncounted(14, "D", Decimal(40))],
    )
    assert [(each.code.value, each.certainty.value, each.explained) for each in explain(known)] == [
        ("swapped_batch", "likely", -9),
        ("counted_in_packs", "possible", -9),
        ("looks_like_typing_error", "possible", -9),
        ("swapped_batch", "possible", -4),
        ("sold_other_batch", "hint", -9),
        ("counters_disagree", "hint", -5),
    ]
