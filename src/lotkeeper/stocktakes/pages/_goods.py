"""What lies on the shelf: what is still to be counted, and what a code, some words or a link stand for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.http import QueryDict

from lotkeeper.catalog.errors import UnknownCode
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.policies import MAX_SCAN_LENGTH, month_or_date, parse_scan
from lotkeeper.catalog.queries import ScanMatch, barcodes, find_by_scan, find_offered, variations
from lotkeeper.stock.models import Batch
from lotkeeper.stock.pages import number_in
from lotkeeper.stock.policies import outlet_today
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.models import StockTake, StockTakeItem
from lotkeeper.stocktakes.queries import scanned, to_count

#: What a page lists. The rest is found by scanning, and comes up as the first are counted.
LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class Goods:
    """Something on the shelf that can be counted: a lot, or, without a ``batch_id``, what the book may not know."""

    variation_id: int
    name: str
    sku: str
    batch_id: int | None = None
    batch_number: str = ""
    expiry_date: dt.date | None = None
    #: What was counted of it so far, in which round it is counted now, and the codes it is known by without asking.
    counted: Decimal | None = None
    round: int = 1
    codes: str = ""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a code or some words stand for, here."""

    text: str
    goods: Sequence[Goods] = ()
    choices: Sequence[ItemVariation] = ()
    factor: int = 1
    in_scope: bool = True
    doubts: Sequence[str] = ()

    @property
    def certain(self) -> Goods | None:
        """The one thing it is; None if somebody has to say which."""
        known = [goods for goods in self.goods if goods.batch_id is not None] or self.goods
        return known[0] if len(known) == 1 and self.in_scope else None


def looked_up(take: StockTake, text: str) -> LookedUp | None:
    """What was scanned or typed; None if nothing was."""
    text = text.strip(" ")[:MAX_SCAN_LENGTH]
    if not text:
        return None
    today = outlet_today(take.outlet.timezone)
    try:
        match: ScanMatch | None = find_by_scan(parse_scan(text, today=today))
    except UnknownCode:
        # Some words of a name, then.
        found = find_offered(text, today=today)
        match = found.match
        if match is None:
            return LookedUp(text, choices=found.choices)
    assert match is not None  # noqa: S101  # for the type checker
    here, variation = scanned(take, match), match.variation
    rounds = _rounds(take, [batch.item_id for batch in here.batches])
    plain = Goods(variation.pk, _name(variation), variation.sku)
    goods = [
        replace(
            plain,
            batch_id=batch.batch_id,
            batch_number=batch.batch_number,
            expiry_date=batch.expiry_date,
            counted=batch.physical_count,
            round=rounds.get(batch.item_id, 1),
        )
        for batch in here.batches
    ]
    if here.new_batch is not None:
        new = here.new_batch
        goods.append(replace(plain, batch_number=new.batch_number, expiry_date=new.expiry_date))
    return LookedUp(text, goods, factor=match.factor, in_scope=here.in_scope, doubts=match.scan.doubts)


def named_goods(take: StockTake, asked: QueryDict) -> Goods | None:
    """What a link of the page names: a lot here, or a variation with what is written on it."""
    batch_id, variation_id = number_in(asked.get("batch")), number_in(asked.get("variation"))
    if batch_id is not None:
        here = Batch.objects.select_related("variation__product").filter(outlet_id=take.outlet_id)
        batch = here.filter(pk=batch_id).first()
        if batch is None:
            return None
        item = StockTakeItem.objects.filter(stock_take=take, batch=batch).first()
        return Goods(
            batch.variation_id,
            _name(batch.variation),
            batch.variation.sku,
            batch.pk,
            batch.batch_number,
            batch.expiry_date,
            counted=None if item is None else item.physical_count,
            round=1 if item is None else item.round,
        )
    variation = variations().filter(pk=variation_id).first() if variation_id is not None else None
    if variation is None:
        return None
    number, expiry = asked.get("number", ""), asked.get("expiry", "")
    plain = Goods(variation.pk, _name(variation), variation.sku, batch_number=number)
    try:
        return replace(plain, expiry_date=month_or_date(expiry)) if expiry else plain
    except ValueError:
        return plain


def as_seen(goods: Goods, scanned_units: int | None) -> Mapping[str, Any]:
    """The form's values for something that was chosen; what was scanned is there once at least."""
    return {
        "batch_id": goods.batch_id,
        "variation_id": goods.variation_id,
        "round": goods.round,
        "batch_number": goods.batch_number,
        "expiry_date": "" if goods.expiry_date is None else goods.expiry_date.isoformat(),
        "quantity": scanned_units,
    }


def goods_to_count_again(take: StockTake) -> Sequence[Goods]:
    """The lines that somebody wants counted once more."""
    found = StockTakeItem.objects.select_related("batch", "variation__product")
    items = list(found.filter(stock_take=take, awaiting_recount=True).order_by("id")[:LISTED])
    codes = _codes([item.variation_id for item in items])
    return [
        Goods(
            item.variation_id,
            _name(item.variation),
            item.variation.sku,
            item.batch_id,
            item.found_number if item.batch is None else item.batch.batch_number,
            item.found_expiry_date if item.batch is None else item.batch.expiry_date,
            round=item.round,
            codes=codes.get(item.variation_id, ""),
        )
        for item in items
    ]


def goods_to_count(take: StockTake) -> Sequence[Goods]:
    """The first lots in scope that nobody has counted."""
    rows = [row for row in to_count(take, Window(None, LISTED)) if row.item_id is None]
    codes = _codes([row.variation_id for row in rows])
    return [
        Goods(
            row.variation_id,
            f"{row.product_name} {row.variation_name}".strip(),
            row.sku,
            row.batch_id,
            row.batch_number,
            row.expiry_date,
            codes=codes.get(row.variation_id, ""),
        )
        for row in rows
    ]


def _rounds(take: StockTake, item_ids: Sequence[int | None]) -> Mapping[int | None, int]:
    known = StockTakeItem.objects.filter(stock_take=take, pk__in=[each for each in item_ids if each is not None])
    return dict(known.values_list("id", "round"))


def _codes(variation_ids: Sequence[int]) -> Mapping[int, str]:
    """The codes on single pieces of these variations, as they are compared; those on packs stand for more than one."""
    found: dict[int, str] = {}
    on_pieces = barcodes().filter(variation_id__in=set(variation_ids), pack=None).order_by("id")
    for variation_id, code in on_pieces.values_list("variation_id", "lookup_code"):
        found[variation_id] = f"{found.get(variation_id, '')} {code}".strip()
    return found


def _name(variation: ItemVariation) -> str:
    return f"{variation.product.name} {variation.name}".strip()
