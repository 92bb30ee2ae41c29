"""The mapping of the Online Retail file, line by line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

import pytest

from lotkeeper.imports.policies.documents import CHUNK_LINES, Document, DocumentKind, chunks
from lotkeeper.imports.policies.layouts import RetailRow
from lotkeeper.imports.policies.online_retail import (
    Kept,
    Replay,
    RetailProduct,
    is_damage,
    opening_needed,
    replay_of,
    why_no_goods,
)

NOON = dt.datetime.fromisoformat("2010-12-01T12:00")
DAY = dt.timedelta(days=1)


def line(
    invoice: str,
    quantity: int,
    *,
    code: str = "85123A",
    description: str = "HEART",
    at: dt.datetime = NOON,
    price: str = "2.55",
    customer: str = "17850",
) -> RetailRow:
    return RetailRow(invoice, code, description, Decimal(quantity), at, Decimal(price), customer)


def remark(invoice: str, quantity: int, description: str, **others: dt.datetime) -> RetailRow:
    return line(invoice, quantity, description=description, price="0", customer="", **others)


def replayed(*rows: RetailRow) -> Replay:
    return replay_of(list(enumerate(rows, 2)))


def told(replay: Replay) -> list[tuple[str, str, str | None, list[Decimal], list[int]]]:
    return [(each.kind.value, each.reference, each.sale, each.quantities, each.rows) for each in replay.documents]


@pytest.mark.parametrize("code", ["85123A", "22423", "15056BL", "47503J ", "DCGS0003", "DCGSSBOY", "SP1002"])
def test_goods(code: str) -> None:
    assert why_no_goods(code.strip()) is None


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("POST", "postage and carriage"),
        ("DOT", "postage and carriage"),
        ("C2", "postage and carriage"),
        ("M", "entered by hand, without a product"),
        ("D", "discount"),
        ("S", "samples sent out, without a product"),
        ("BANK CHARGES", "fees and commissions"),
        ("AMAZONFEE", "fees and commissions"),
        ("CRUK", "fees and commissions"),
        ("B", "corrections of money"),
        ("ADJUST2", "corrections of money"),
        ("GIFT_0001_40", "gift vouchers"),
        ("PADS", "an accessory without stock of its own"),
        ("TEST001", "tests"),
        ("XYZ", "no stock code that the mapping knows"),
    ],
)
def test_what_is_no_goods_is_counted_and_told_why(code: str, why: str) -> None:
    replay = replayed(line("536365", 1, code=code))
    assert replay.no_goods == {(code, why): 1}
    assert replay.documents == []
    assert replay.products == []


def test_lines_of_an_invoice_are_one_sale_even_when_another_stands_between() -> None:
    replay = replayed(line("536365", 6), line("536366", 1), line("536365", 2, code="71053"))
    assert told(replay) == [
        ("sale", "536365", None, [Decimal(6), Decimal(2)], [2, 4]),
        ("sale", "536366", None, [Decimal(1)], [3]),
    ]


def test_an_invoice_that_goes_on_another_day_is_another_document_there() -> None:
    replay = replayed(line("536365", 6), line("536365", 2, at=NOON + DAY))
    assert [each.reference for each in replay.documents] == ["536365", "536365@2010-12-02"]


def test_a_cancellation_goes_back_to_the_latest_sales_of_that_customer() -> None:
    replay = replayed(line("1", 5), line("2", 3), line("2", 9, customer="99"), line("C3", -6), line("C4", -2))
    assert told(replay)[2:] == [
        ("return", "C3/2", "2", [Decimal(3)], [5]),
        ("return", "C3/1", "1", [Decimal(3)], [5]),
        ("return", "C4/1", "1", [Decimal(2)], [6]),
    ]
    assert replay.kept == {Kept.SALE: 3, Kept.LINKED_RETURN: 2}


def test_what_no_sale_accounts_for_comes_back_loose_and_is_counted_so() -> None:
    replay = replayed(line("1", 5), line("C2", -7), line("C3", -1, customer=""), line("C4", -1, customer="99"))
    assert told(replay)[1:] == [
        ("return", "C2/1", "1", [Decimal(5)], [3]),
        ("return", "C2/return", None, [Decimal(2)], [3]),
        ("return", "C3/return", None, [Decimal(1)], [4]),
        ("return", "C4/return", None, [Decimal(1)], [5]),
    ]
    assert replay.kept == {Kept.SALE: 1, Kept.LOOSE_RETURN: 3}


def test_a_cancellation_before_its_sale_is_loose() -> None:
    replay = replayed(line("C1", -5), line("2", 5))
    assert [each.sale for each in replay.documents] == [None, None]


def test_a_remark_of_damage_is_written_off_and_another_is_a_count() -> None:
    replay = replayed(
        line("1", 10),
        remark("2", -3, "damaged"),
        remark("3", -2, "check"),
        remark("4", -1, ""),
        remark("5", 7, "found"),
    )
    assert [(each.kind.value, each.reference, each.reason, each.quantities) for each in replay.documents[1:]] == [
        ("damage", "2/damage", "damaged", [Decimal(3)]),
        ("adjustment", "3/adjustment", "check", [Decimal(-2)]),
        ("adjustment", "4/adjustment", "no remark", [Decimal(-1)]),
        ("adjustment", "5/adjustment", "found", [Decimal(7)]),
    ]
    assert replay.kept == {Kept.SALE: 1, Kept.DAMAGE: 1, Kept.MISSING: 2, Kept.FOUND: 1}


@pytest.mark.parametrize(
    "words",
    ["Damaged", "wet pallet", "Unsaleable, destroyed.", "thrown away", "rusty throw away", "dagamed", "smashed"],
)
def test_words_of_damage(words: str) -> None:
    assert is_damage(words)


@pytest.mark.parametrize("words", ["check", "found", "?", "sold as set on dotcom", "sweet", "Incorrect stock entry."])
def test_words_of_counting(words: str) -> None:
    assert not is_damage(words)


def test_goods_given_away_are_a_sale_when_a_customer_got_them_or_the_name_is_the_products() -> None:
    replay = replayed(
        line("1", 1),
        line("2", 1, price="0", description="a gift"),
        line("3", 1, price="0", customer=""),
    )
    assert [each.kind for each in replay.documents] == [DocumentKind.SALE] * 3


def test_a_product_is_called_as_it_was_sold_most_often_at_its_usual_price() -> None:
    replay = replayed(
        line("1", 1, description="HEART", price="2.55"),
        line("2", 1, description="HEART", price="2.55"),
        line("3", 1, description="HART", price="2.95"),
        *[remark(f"{n}", 1, "found") for n in range(4, 9)],
        line("9", 1, code="71053", description="", price="0"),
    )
    assert replay.products == [
        RetailProduct(10, "71053", "71053", Decimal(0)),
        RetailProduct(2, "85123A", "HEART", Decimal("2.55")),
    ]


def test_opening_stock_is_the_deepest_point_as_it_is_posted() -> None:
    # By the clock the return comes first; a day posts its sales first, so the shelf needs 5 and not 3.
    replay = replayed(line("C1", -2), line("2", 5, at=NOON + DAY / 24), line("3", 1, at=NOON + DAY, code="71053"))
    assert replay.opening == {"71053": Decimal(1), "85123A": Decimal(5)}
    assert replay.first_day == dt.date(2010, 12, 1)


def test_what_never_runs_out_needs_no_opening_stock() -> None:
    assert replayed(remark("1", 7, "found"), line("2", 5, at=NOON + DAY)).opening == {}


def test_codes_that_are_left_out_take_their_documents_with_them() -> None:
    replay = replayed(line("1", 5), line("1", 2, code="71053"), line("2", 3))
    replay.leave_out({"71053"})
    assert [each.reference for each in replay.documents] == ["2"]
    assert replay.opening == {"85123A": Decimal(3)}


def documents(*sizes: int, kind: DocumentKind = DocumentKind.SALE, day: int = 0) -> Sequence[Document]:
    made = []
    for number, size in enumerate(sizes):
        document = Document(kind, f"{day}-{kind}-{number}", NOON + day * DAY)
        for row in range(size):
            document.add(row, "85123A", Decimal(1))
        made.append(document)
    return made


def test_a_chunk_is_a_day_of_an_outlet_sales_first_and_not_too_long() -> None:
    returns = documents(1, kind=DocumentKind.CUSTOMER_RETURN)
    found = list(chunks([*documents(2, day=1), *returns, *documents(3000, 2000, 1)]))
    assert [(chunk.day.day, chunk.line_count) for chunk in found] == [(1, 3001), (1, 2001), (2, 2)]
    assert [each.kind.value for each in found[0].documents] == ["sale", "return"]
    assert [chunk.line_count for chunk in chunks(documents(CHUNK_LINES + 1, 1))] == [CHUNK_LINES + 1, 1]
    assert opening_needed(documents(2, 3)) == {"85123A": Decimal(5)}


def test_a_fingerprint_is_of_what_is_said_and_not_of_where_it_stands() -> None:
    first, second = Document(DocumentKind.SALE, "1", NOON), Document(DocumentKind.SALE, "1", NOON)
    first.add(2, "85123A", Decimal("6.0"))
    second.add(99, "85123A", Decimal(6))
    assert first.fingerprint(1) == second.fingerprint(1) != first.fingerprint(2)
    second.add(100, "85123A", Decimal(1))
    assert first.fingerprint(1) != second.fingerprint(1)
