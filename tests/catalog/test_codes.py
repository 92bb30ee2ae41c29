"""What a scanned code means."""

from __future__ import annotations

import calendar
import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lotkeeper.catalog.policies import (
    MAX_SCAN_LENGTH,
    Scan,
    ScanKind,
    code_to_keep,
    lookup_code,
    parse_scan,
    written_forms,
)

TODAY = dt.date(2026, 11, 22)
GTIN = "09506000134352"
# The tables of company prefixes are unpacked by the first code that is read.
no_deadline = settings(deadline=None)
LOT_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./"


def scan(text: str) -> Scan:
    return parse_scan(text, today=TODAY)


def with_check_digit(digits: str) -> str:
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("036000291452", "00036000291452"),
        ("0036000291452", "00036000291452"),
        ("00036000291452", "00036000291452"),
        ("4006381333931", "04006381333931"),
        (GTIN, GTIN),
        ("]E04006381333931", "04006381333931"),
        (" 4006381333931\r\n", "04006381333931"),
    ],
)
def test_a_valid_check_digit_and_length_is_a_product_number(text: str, gtin: str) -> None:
    assert (scan(text).kind, scan(text).gtin) == (ScanKind.GTIN, gtin)


@pytest.mark.parametrize("length", [7, 11, 12, 13])
def test_the_wrong_check_digit_is_text(length: int) -> None:
    valid = with_check_digit("4006381333931"[:length])
    wrong = valid[:-1] + str((int(valid[-1]) + 1) % 10)
    assert scan(wrong) == Scan(raw=wrong, kind=ScanKind.TEXT, text=wrong)


@pytest.mark.parametrize(
    "text",
    [
        f"]C101{GTIN}1727033110AB12",
        f"]d201{GTIN}10AB12\x1d17270331",
        f"]Q301{GTIN}10AB12\x1d17270331",
        f"\x1d01{GTIN}10AB12\x1d17270331",
        f"01{GTIN}1727033110AB12",
        f"01{GTIN}10AB12\x1d17270331\x1d",
        f"02{GTIN}1727033110AB12",
        f"(01){GTIN}(17)270331(10)AB12",
        f"(01) {GTIN} (10) AB12 (17) 270331",
        f"https://id.gs1.org/01/{GTIN}/10/AB12?17=270331",
    ],
)
def test_a_gs1_message_gives_product_batch_and_expiry_in_each_of_its_forms(text: str) -> None:
    found = scan(text)
    assert (found.kind, found.gtin, found.batch_number, found.expiry_date, found.doubts) == (
        ScanKind.GS1,
        GTIN,
        "AB12",
        dt.date(2027, 3, 31),
        (),
    )


def test_serial_count_and_weight_are_read_too() -> None:
    found = scan(f"(01){GTIN}(3103)001250(30)12(21)S-1")
    assert (found.net_weight_kg, found.count, found.serial) == (Decimal("1.250"), 12, "S-1")


@pytest.mark.parametrize(
    ("digits", "date"),
    [
        ("280200", dt.date(2028, 2, 29)),
        ("270200", dt.date(2027, 2, 28)),
        ("000200", dt.date(2000, 2, 29)),
        ("270400", dt.date(2027, 4, 30)),
        ("271200", dt.date(2027, 12, 31)),
        ("270115", dt.date(2027, 1, 15)),
        ("760101", dt.date(2076, 1, 1)),
        ("770101", dt.date(1977, 1, 1)),
        ("990101", dt.date(1999, 1, 1)),
    ],
)
def test_a_month_without_a_day_means_its_last_day_and_years_lie_in_the_window_of_the_standard(
    digits: str, date: dt.date
) -> None:
    assert scan(f"(01){GTIN}(17){digits}").expiry_date == date


@no_deadline
@given(year=st.integers(0, 99), month=st.integers(1, 12))
def test_every_month_only_date_is_the_last_day_of_that_month(year: int, month: int) -> None:
    date = scan(f"01{GTIN}17{year:02}{month:02}00").expiry_date
    assert date is not None
    assert (date.year % 100, date.month) == (year, month)
    assert date.day == calendar.monthrange(date.year, month)[1]
    assert -49 <= date.year - TODAY.year <= 50


def test_the_century_follows_the_day_that_is_given_and_not_the_clock() -> None:
    text = f"01{GTIN}17100101"
    assert parse_scan(text, today=dt.date(2026, 1, 1)).expiry_date == dt.date(2010, 1, 1)
    assert parse_scan(text, today=dt.date(2070, 1, 1)).expiry_date == dt.date(2110, 1, 1)


@pytest.mark.parametrize("digits", ["270230", "000000"])
def test_a_day_that_does_not_exist_leaves_the_rest_readable(digits: str) -> None:
    found = scan(f"01{GTIN}17{digits}10AB12")
    assert (found.gtin, found.batch_number, found.expiry_date) == (GTIN, "AB12", None)
    assert found.doubts == ("expiry_unreadable",)


def test_the_best_before_date_stands_in_only_where_there_is_no_expiry_date() -> None:
    assert scan(f"01{GTIN}15270331").expiry_date == dt.date(2027, 3, 31)
    assert scan(f"01{GTIN}1527033117270430").expiry_date == dt.date(2027, 4, 30)


def test_a_missing_separator_is_noticed() -> None:
    found = scan(f"01{GTIN}10AB1217270331")
    assert (found.batch_number, found.expiry_date) == ("AB1217270331", None)
    assert found.doubts == ("batch_may_hold_expiry",)


def test_a_wrong_check_digit_inside_gs1_gives_no_product_number() -> None:
    wrong = GTIN[:-1] + "3"
    announced = scan(f"]d201{wrong}10AB12")
    assert (announced.kind, announced.gtin, announced.batch_number) == (ScanKind.GS1, None, "AB12")
    assert announced.doubts == ("gtin_check_digit",)
    assert scan(f"01{wrong}10AB12").kind is ScanKind.TEXT


@pytest.mark.parametrize("rest", ["17279999", "10" + "A" * 25, "99\x1d"])
def test_what_makes_no_sense_after_the_product_number_is_told(rest: str) -> None:
    found = scan(f"01{GTIN}{rest}")
    assert (found.kind, found.gtin) == (ScanKind.GS1, GTIN)
    assert "incomplete" in found.doubts


@pytest.mark.parametrize(
    "text", ["10AB12", "17270331", "PARA-500", "(AB)12", "(01", "", "]C0PARA-500", "]C1", "٩٦٣٨٥٠٧٤"]
)
def test_all_else_is_text_to_be_compared_exactly(text: str) -> None:
    found = scan(text)
    assert (found.kind, found.text) == (ScanKind.TEXT, text[3:] if text.startswith("]") else text)


def test_text_that_is_too_long_for_a_code_is_not_taken_apart() -> None:
    assert scan(f"]C101{GTIN}10" + "A" * MAX_SCAN_LENGTH).kind is ScanKind.TEXT


@no_deadline
@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    assert scan(text).raw == text


@no_deadline
@given(st.text(alphabet="0123456789()]\x1dCdQ1AB/ ", max_size=60))
def test_no_text_that_looks_like_a_code_breaks_it(text: str) -> None:
    assert scan(text).raw == text


@no_deadline
@given(st.from_regex(r"[0-9]{7}|[0-9]{11,13}", fullmatch=True))
def test_every_product_number_is_equal_to_its_longer_forms(digits: str) -> None:
    code = with_check_digit(digits)
    padded = code.rjust(14, "0")
    assert scan(code).gtin == padded
    assert lookup_code(code) == padded
    assert scan(padded).gtin == padded


@no_deadline
@given(
    lot=st.text(alphabet=LOT_CHARACTERS, min_size=1, max_size=20),
    expiry=st.dates(dt.date(2000, 1, 1), dt.date(2070, 12, 31)),
)
def test_what_was_written_is_read_back(lot: str, expiry: dt.date) -> None:
    for text in (f"]d201{GTIN}10{lot}\x1d17{expiry:%y%m%d}", f"(01){GTIN}(17){expiry:%y%m%d}(10){lot}"):
        found = scan(text)
        assert (found.gtin, found.batch_number, found.expiry_date, found.doubts) == (GTIN, lot, expiry, ())


@pytest.mark.parametrize(
    ("scanned", "kept"),
    [
        ("4006381333931", "4006381333931"),
        ("]E04006381333931", "4006381333931"),
        (f"]d201{GTIN}10AB12\x1d17270331", GTIN[1:]),
        ("(01)00036000291452(10)AB12", "036000291452"),
        ("0100000096385074", "96385074"),
        ("]C0PARA-500 ", "PARA-500"),
        ("\x1d00106141412345678908", "00106141412345678908"),
    ],
)
def test_only_what_is_the_same_on_every_box_is_kept(scanned: str, kept: str) -> None:
    assert code_to_keep(scanned) == kept


@no_deadline
@given(
    st.one_of(st.text(max_size=40), st.text(alphabet="0123456789()\x1d", max_size=40))
    | st.builds(
        lambda start, lot: start + lot, st.sampled_from([f"01{GTIN}10", f"]C101{GTIN}10", f"(01){GTIN}(10)"]), st.text()
    )
)
@example(f"]d201{GTIN}10AB12\x1d17270331")
def test_what_was_kept_is_found_again_by_scanning_the_same_thing(scanned: str) -> None:
    assert lookup_code(code_to_keep(scanned)) == scan(scanned).lookup_code


def test_a_product_number_is_written_in_as_many_ways_as_it_has_zeros_in_front() -> None:
    assert written_forms(GTIN) == (GTIN, GTIN[1:])
    assert written_forms("10036000291459") == ("10036000291459",)
    assert written_forms("00036000291452") == ("00036000291452", "0036000291452", "036000291452")
    assert written_forms("00000096385074") == ("00000096385074", "0000096385074", "000096385074", "96385074")
