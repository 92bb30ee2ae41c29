"""The mapping of the Online Retail file; docs/how-to/replay-online-retail.md tells it to people.

One file holds sales, cancellations, and notes of what was found, broken or counted, told apart by the invoice's first
letter, the sign, the price and the description alone.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from lotkeeper.imports.policies.documents import Document, DocumentKind, chunks
from lotkeeper.imports.policies.layouts import RetailRow

#: Five digits, and letters for a colour or size; a few ranges of the web shop begin with letters.
_GOODS = re.compile(r"[0-9]{5}\s?[A-Z]*|DCGS[0-9A-Z]+|SP[0-9]{4}")
_NO_GOODS: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile("POST|DOT|C2|C3"), "postage and carriage"),
    (re.compile("M"), "entered by hand, without a product"),
    (re.compile("D"), "discount"),
    (re.compile("S"), "samples sent out, without a product"),
    (re.compile("BANK CHARGES|AMAZONFEE|CRUK"), "fees and commissions"),
    (re.compile("B|ADJUST[0-9]*"), "corrections of money"),
    (re.compile("GIFT.*"), "gift vouchers"),
    (re.compile("PADS"), "an accessory without stock of its own"),
    (re.compile("TEST.*"), "tests"),
)
_UNKNOWN = "no stock code that the mapping knows"
_DAMAGE = re.compile(
    r"damag|dagam|thrown?|destroy|unsale?able|can't sell|\bwet\b|rust|mould|smash|crush|crack|broken|breakage|faulty"
    r"|smudge|incorrectly made|expired",
    re.IGNORECASE,
)


class Kept(StrEnum):
    """What a line of goods became."""

    SALE = "sales"
    LINKED_RETURN = "customer returns, to the sale they came from"
    LOOSE_RETURN = "customer returns without a sale in the file, to the opening batch"
    DAMAGE = "damage written off"
    FOUND = "count adjustments, more than the book"
    MISSING = "count adjustments, less than the book"


@dataclass(frozen=True, slots=True)
class RetailProduct:
    """A stock code with its most frequent description and price, and the row where it is named first."""

    row: int
    sku: str
    name: str
    price: Decimal


@dataclass(slots=True)
class Replay:
    """The file as Lotkeeper's own: what to create, to receive first, and to post."""

    products: list[RetailProduct] = field(default_factory=list)
    opening: Mapping[str, Decimal] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    kept: Counter[Kept] = field(default_factory=Counter)
    #: Lines without goods: (code, why) and how many.
    no_goods: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_day: dt.date | None = None

    def leave_out(self, skus: set[str]) -> None:
        """Do without some codes, and so without every document that has one."""
        self.products = [product for product in self.products if product.sku not in skus]
        self.documents = [document for document in self.documents if skus.isdisjoint(document.skus)]
        self.opening = opening_needed(self.documents)


@functools.cache
def why_no_goods(code: str) -> str | None:
    """Why a code stands for nothing that could lie on a shelf; None for goods."""
    if _GOODS.fullmatch(code):
        return None
    return next((why for pattern, why in _NO_GOODS if pattern.fullmatch(code)), _UNKNOWN)


def is_damage(remark: str) -> bool:
    """Whether a remark says that goods were spoilt."""
    return _DAMAGE.search(remark) is not None


def replay_of(rows: Sequence[tuple[int, RetailRow]]) -> Replay:
    """Turn the lines of the file, in its own order, into products, opening stock and documents."""
    replay = Replay(first_day=min((row.moment.date() for _, row in rows), default=None))
    goods = []
    for number, row in rows:
        why = why_no_goods(row.code)
        if why is None:
            goods.append((number, row))
        else:
            replay.no_goods[row.code, why] += 1
    sold_as = {(row.code, row.description) for _, row in goods if row.price > 0}
    replay.products = _products(goods)
    builder = _Builder(replay, _Sales(row for _, row in goods if _comes_back(row)))
    for number, row in goods:
        builder.add(number, row, is_remark=(row.code, row.description) not in sold_as)
    replay.documents = list(builder.documents.values())
    replay.opening = opening_needed(replay.documents)
    return replay


def opening_needed(documents: Iterable[Document]) -> Mapping[str, Decimal]:
    """What each code must start with so that it never runs out: the deepest point of its balance as it is posted."""
    balance: dict[str, Decimal] = defaultdict(Decimal)
    deepest: dict[str, Decimal] = defaultdict(Decimal)
    for chunk in chunks(documents):
        for document in chunk.documents:
            sign = -1 if document.kind in {DocumentKind.SALE, DocumentKind.DAMAGE} else 1
            for sku, quantity in zip(document.skus, document.quantities, strict=True):
                balance[sku] += sign * quantity
                deepest[sku] = min(deepest[sku], balance[sku])
    return {sku: -depth for sku, depth in sorted(deepest.items()) if depth < 0}


def _comes_back(row: RetailRow) -> bool:
    return row.quantity < 0 and (row.invoice.startswith("C") or row.price > 0)


def _products(rows: Iterable[tuple[int, RetailRow]]) -> list[RetailProduct]:
    names: dict[str, Counter[str]] = defaultdict(Counter)
    prices: dict[str, Counter[Decimal]] = defaultdict(Counter)
    first_rows: dict[str, int] = {}
    for number, row in rows:
        first_rows.setdefault(row.code, number)
        # A remark names a product only where nothing better does.
        weight = 1 if row.price > 0 else 0
        names[row.code][row.description] += weight
        prices[row.code][row.price] += weight
    return [
        RetailProduct(
            first_rows[code],
            code,
            names[code].most_common(1)[0][0] or code,
            max(prices[code].most_common(1)[0][0], Decimal(0)),
        )
        for code in sorted(first_rows)
    ]


class _Sales:
    """How much of each sale can still come back, for the customers and codes of which something does."""

    def __init__(self, returns: Iterable[RetailRow]) -> None:
        self.sold: dict[tuple[str, str], list[tuple[str, Decimal]]] = {
            (row.customer, row.code): [] for row in returns if row.customer
        }

    def add(self, row: RetailRow, reference: str) -> None:
        sales = self.sold.get((row.customer, row.code))
        if sales is None:
            return
        # The same thing twice on one invoice.
        before = sales.pop()[1] if sales and sales[-1][0] == reference else Decimal(0)
        sales.append((reference, before + row.quantity))

    def take_back(self, row: RetailRow) -> list[tuple[str | None, Decimal]]:
        """The sales that goods come back to, the latest first, and None for what no sale in the file accounts for."""
        sales = self.sold.get((row.customer, row.code), [])
        rest = -row.quantity
        back: list[tuple[str | None, Decimal]] = []
        while rest and sales:
            reference, quantity = sales.pop()
            taken = min(rest, quantity)
            back.append((reference, taken))
            rest -= taken
            if taken < quantity:
                sales.append((reference, quantity - taken))
        return [*back, (None, rest)] if rest else back


class _Builder:
    """Gathers lines into documents: one for an invoice, a day and what it means."""

    def __init__(self, replay: Replay, sales: _Sales) -> None:
        self.replay = replay
        self.sales = sales
        self.documents: dict[tuple[str, dt.date], Document] = {}
        self.days: dict[str, dt.date] = {}

    def add(self, number: int, row: RetailRow, *, is_remark: bool) -> None:
        if _comes_back(row):
            self._take_back(number, row)
        elif row.quantity < 0 and is_damage(row.description):
            self._line(number, row, DocumentKind.DAMAGE, -row.quantity, suffix="damage", reason=row.description)
            self.replay.kept[Kept.DAMAGE] += 1
        elif row.quantity < 0 or (row.price <= 0 and is_remark and not row.customer):
            reason = row.description or "no remark"
            self._line(number, row, DocumentKind.ADJUSTMENT, row.quantity, suffix="adjustment", reason=reason)
            self.replay.kept[Kept.MISSING if row.quantity < 0 else Kept.FOUND] += 1
        else:
            document = self._line(number, row, DocumentKind.SALE, row.quantity)
            self.sales.add(row, document.reference)
            self.replay.kept[Kept.SALE] += 1

    def _take_back(self, number: int, row: RetailRow) -> None:
        back = self.sales.take_back(row)
        for sale, quantity in back:
            self._line(number, row, DocumentKind.CUSTOMER_RETURN, quantity, suffix=sale or "return", sale=sale)
        linked = all(sale is not None for sale, _ in back)
        self.replay.kept[Kept.LINKED_RETURN if linked else Kept.LOOSE_RETURN] += 1

    def _line(  # a line, and what it means
        self,
        number: int,
        row: RetailRow,
        kind: DocumentKind,
        quantity: Decimal,
        *,
        suffix: str = "",
        reason: str = "",
        sale: str | None = None,
    ) -> Document:
        reference = f"{row.invoice}/{suffix}" if suffix else row.invoice
        day = row.moment.date()
        document = self.documents.get((reference, day))
        if document is None:
            # An invoice that goes on another day is another document there.
            name = reference if self.days.setdefault(reference, day) == day else f"{reference}@{day}"
            document = Document(kind, name, row.moment, reason=reason, sale=sale)
            self.documents[reference, day] = document
        document.add(number, row.code, quantity)
        return document
