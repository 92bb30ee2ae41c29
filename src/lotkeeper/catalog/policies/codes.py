"""What a scanned or typed code says: a product number, a GS1 message with batch and expiry, or just text.

The order of the rules matters, because short codes are ambiguous: a GTIN-8 also reads as a GS1 message, and a product
number with a wrong check digit also reads as a batch number. So: a valid check digit and a length of 8, 12, 13 or 14
is a GTIN; GS1 needs a sign that it is GS1; all else is text, to be compared exactly.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from biip import ParseConfig, ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString
from biip.gtin import Gtin

from lotkeeper.catalog.policies.expiry import last_day_of_month

#: FNC1 as scanners send it: it ends an element of variable length, and in first place it announces GS1.
FNC1 = "\x1d"
#: A GS1 symbol holds at most 90 characters in a bar and some hundreds in a matrix; longer text is not a code.
MAX_SCAN_LENGTH = 512

_SYMBOLOGY = re.compile(r"\](?P<kind>[A-Za-z][0-9])")
_GS1_SYMBOLOGIES = frozenset({"C1", "e0", "d2", "Q3", "J1"})
_GTIN_SHAPE = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_GTIN_FIRST = re.compile(r"0[12][0-9]{14}")
_BRACKETED = re.compile(r"(?:\([0-9]{2,4}\)[^()]+)+")
_BRACKETED_ELEMENT = re.compile(r"\(([0-9]{2,4})\)([^()]+)")
_SWALLOWED_EXPIRY = re.compile(r".+17[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])")
# Dates are read here, by the day the caller names; the library would take the century from the machine's clock.
_READ_DATES_OURSELVES = ParseConfig(gs1_element_strings_verify_date=False)


class ScanKind(StrEnum):
    """What sort of code it was."""

    GTIN = "gtin"
    GS1 = "gs1"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Scan:
    """What a code says.

    ``text`` is the code without the scanner's own marks; ``gtin`` has 14 digits, so that one article's 12, 13 and
    14 digit forms are equal. ``doubts`` names what could not be read for certain: ``gtin_check_digit``,
    ``expiry_unreadable``, ``batch_may_hold_expiry`` (a missing separator), ``incomplete`` (the rest made no sense).
    """

    raw: str
    kind: ScanKind
    text: str
    gtin: str | None = None
    batch_number: str | None = None
    expiry_date: dt.date | None = None
    serial: str | None = None
    count: int | None = None
    net_weight_kg: Decimal | None = None
    doubts: tuple[str, ...] = ()

    @property
    def lookup_code(self) -> str:
        """What to look for among the barcodes."""
        return lookup_code(self.text if self.gtin is None else self.gtin)


def lookup_code(code: str) -> str:
    """The form in which codes are compared: a product number padded to 14 digits, any other text as it is.

    The twin of the generated column ``Barcode.lookup_code``.
    """
    return code.rjust(14, "0") if _GTIN_SHAPE.fullmatch(code) else code


def code_to_keep(text: str) -> str:
    """What of a scanned code is the same on every box: without the scanner's marks, batch and dates.

    Whatever is kept this way is found again by scanning the same thing.
    """
    # The day only places two-digit years in their century, and no date is kept.
    scan = parse_scan(text, today=dt.date(2000, 1, 1))
    return written_forms(scan.gtin)[-1] if scan.kind is ScanKind.GS1 and scan.gtin is not None else scan.text


def written_forms(gtin: str) -> tuple[str, ...]:
    """The ways one product number of 14 digits is written, from the longest to the one on the box."""
    return tuple(gtin[-digits:] for digits in (14, 13, 12, 8) if gtin[:-digits].strip("0") == "")


def parse_scan(text: str, *, today: dt.date) -> Scan:
    """Say what a scanned or typed code means. It never fails: a code nobody understands is text.

    Args:
        text: as the scanner or the keyboard sent it.
        today: decides the century of two-digit years.
    """
    code, symbology = _without_symbology(text.strip(" \t\r\n"))
    announced = symbology in _GS1_SYMBOLOGIES or code.startswith(FNC1)
    code = code.strip(FNC1)
    as_text = Scan(raw=text, kind=ScanKind.TEXT, text=code)
    if not code.isascii() or len(code) > MAX_SCAN_LENGTH:
        return as_text
    if not announced and (gtin := _valid_gtin(code)) is not None:
        return Scan(raw=text, kind=ScanKind.GTIN, text=code, gtin=gtin)
    elements, incomplete = _elements(code, announced=announced)
    return _from_elements(as_text, elements, incomplete=incomplete, today=today) if elements else as_text


def _without_symbology(code: str) -> tuple[str, str | None]:
    """Take off the three characters some scanners put first to name the kind of symbol."""
    match = _SYMBOLOGY.match(code)
    return (code[match.end() :], match["kind"]) if match else (code, None)


def _valid_gtin(code: str) -> str | None:
    if not _GTIN_SHAPE.fullmatch(code):
        return None
    try:
        return Gtin.parse(code).as_gtin_14()
    except ParseError:
        return None


def _elements(code: str, *, announced: bool) -> tuple[list[GS1ElementString], bool]:
    """The GS1 elements in a code, and whether something after them could not be read."""
    if not announced and code[:8].lower().startswith(("http://", "https://")):
        try:
            return list(GS1DigitalLinkURI.parse(code, config=_READ_DATES_OURSELVES).element_strings), False
        except (ParseError, ValueError):
            return [], False
    compact = code.replace(" ", "")
    if _BRACKETED.fullmatch(compact):
        return _collect(_bracketed_elements(compact))
    if announced or _starts_with_valid_gtin(code):
        return _collect(_packed_elements(code))
    return [], False


def _starts_with_valid_gtin(code: str) -> bool:
    """Whether a code without the scanner's mark begins with element 01 or 02: a product number that checks out."""
    return _GTIN_FIRST.match(code) is not None and _valid_gtin(code[2:16]) is not None


def _collect(elements: Iterator[GS1ElementString]) -> tuple[list[GS1ElementString], bool]:
    read: list[GS1ElementString] = []
    try:
        for element in elements:
            read.append(element)  # noqa: PERF402  # what was read before an error is kept
    except ParseError:
        return read, True
    return read, False


def _bracketed_elements(code: str) -> Iterator[GS1ElementString]:
    """The form printed for people: (01)09506000134352(17)260400(10)AB12."""
    for identifier, value in _BRACKETED_ELEMENT.findall(code):
        element = GS1ElementString.parse(f"{identifier}{value}", config=_READ_DATES_OURSELVES)
        if element.ai.ai != identifier:
            raise ParseError(identifier)
        yield element


def _packed_elements(code: str) -> Iterator[GS1ElementString]:
    """The form in the symbol: elements one after the other, those of variable length ended by FNC1."""
    rest = code
    while rest:
        element = GS1ElementString.extract(rest, config=_READ_DATES_OURSELVES)
        rest = rest[len(element) :]
        if rest and element.ai.separator_required and not rest.startswith(FNC1):
            raise ParseError(rest)
        rest = rest.lstrip(FNC1)
        yield element


def _from_elements(as_text: Scan, elements: list[GS1ElementString], *, incomplete: bool, today: dt.date) -> Scan:
    """Put the elements a stock keeper needs into one value; the first of each kind counts."""
    values = {element.ai.ai: element for element in reversed(elements)}
    item = values.get("01") or values.get("02")
    batch = values.get("10")
    dates = [values[identifier].value for identifier in ("17", "7003", "15", "16") if identifier in values]
    expiry_date = gs1_date(dates[0], today=today) if dates else None
    weights = [element for identifier, element in values.items() if identifier.startswith("310")]
    counts = [values[identifier].value for identifier in ("30", "37") if identifier in values]
    doubts = {
        "gtin_check_digit": item is not None and item.gtin is None,
        "expiry_unreadable": bool(dates) and expiry_date is None,
        "batch_may_hold_expiry": batch is not None and not dates and bool(_SWALLOWED_EXPIRY.fullmatch(batch.value)),
        "incomplete": incomplete,
    }
    return Scan(
        raw=as_text.raw,
        kind=ScanKind.GS1,
        text=as_text.text,
        gtin=item.gtin.as_gtin_14() if item is not None and item.gtin is not None else None,
        batch_number=batch.value if batch is not None else None,
        expiry_date=expiry_date,
        serial=values["21"].value if "21" in values else None,
        count=int(counts[0]) if counts and counts[0] else None,
        net_weight_kg=weights[0].decimal if weights else None,
        doubts=tuple(name for name, doubtful in doubts.items() if doubtful),
    )


def gs1_date(digits: str, *, today: dt.date) -> dt.date | None:
    """Read YYMMDD as GS1 means it, or None when there is no such day.

    Day 00 is the last day of the month. The year lies between 49 years ago and 50 years ahead (GS1 General
    Specifications, 7.12). Anything after the first six digits is a time of day.
    """
    year, month, day = int(digits[0:2]), int(digits[2:4]), int(digits[4:6])
    year += today.year - today.year % 100
    if year - today.year > 50:  # noqa: PLR2004  # the specification's window
        year -= 100
    elif year - today.year < -49:  # noqa: PLR2004
        year += 100
    try:
        return dt.date(year, month, day) if day else last_day_of_month(year, month)
    except ValueError:
        return None
