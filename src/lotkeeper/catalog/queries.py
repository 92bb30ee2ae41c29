"""What can be asked of the catalogue. Everything reads within the tenant in scope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from django.core.files.storage import default_storage
from django.db.models import ForeignObjectRel, Model, Prefetch, Q, QuerySet

from lotkeeper.catalog.errors import UnknownCode
from lotkeeper.catalog.models import Barcode, Category, ItemVariation, Pack, Product, Supplier
from lotkeeper.catalog.policies import Scan, lookup_code, parse_scan, written_forms
from lotkeeper.core.errors import NotFound

Row = TypeVar("Row", bound=Model)

#: More words than this narrow nothing down any further.
MAX_SEARCH_WORDS: Final = 8
MAX_SEARCH_LENGTH: Final = 100
#: More than these nobody reads; one more word narrows them down.
MAX_CHOICES: Final = 8


def categories() -> QuerySet[Category]:
    """Every category."""
    found: QuerySet[Category] = Category.objects.all()
    return found


def category_and_below(category_id: int) -> Collection[int]:
    """The ids of a category and of all below it; empty if there is no such category."""
    parents: dict[int, int | None] = dict(Category.objects.values_list("id", "parent_id"))
    children: dict[int | None, list[int]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    waiting = [category_id] if category_id in parents else []
    found: set[int] = set()
    while waiting:
        current = waiting.pop()
        found.add(current)
        waiting.extend(children.get(current, ()))
    return found


def suppliers() -> QuerySet[Supplier]:
    """Everybody whom the shop buys from."""
    found: QuerySet[Supplier] = Supplier.objects.all()
    return found


def products() -> QuerySet[Product]:
    """Every product with its variations, in two statements."""
    variations = ItemVariation.objects.order_by("id")
    found: QuerySet[Product] = Product.objects.prefetch_related(Prefetch("variations", queryset=variations))
    return found


def variations() -> QuerySet[ItemVariation]:
    """Every variation with its product, packs and barcodes, in three statements."""
    found: QuerySet[ItemVariation] = ItemVariation.objects.select_related("product").prefetch_related(
        Prefetch("packs", queryset=Pack.objects.order_by("factor", "id")),
        Prefetch("barcodes", queryset=Barcode.objects.order_by("id")),
    )
    return found


def barcodes() -> QuerySet[Barcode]:
    """Every barcode."""
    found: QuerySet[Barcode] = Barcode.objects.all()
    return found


def packs() -> QuerySet[Pack]:
    """Every pack."""
    found: QuerySet[Pack] = Pack.objects.all()
    return found


def one_of(rows: QuerySet[Row], row_id: int, what: str) -> Row:
    """The row with this id.

    Raises:
        NotFound: if there is none here; somebody else's is none.
    """
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise NotFound(what, id=row_id)
    return row


def get_variation(variation_id: int) -> ItemVariation:
    """One variation with its product, packs and barcodes.

    Raises:
        NotFound: if there is no such variation here.
    """
    return one_of(variations(), variation_id, "variation")


def image_address(product: Product) -> str | None:
    """Where a product's picture is served; None when it has none, or its file was lost."""
    name = product.image.name
    return default_storage.url(name) if name and default_storage.exists(name) else None


def search_products(found: QuerySet[Product], text: str) -> QuerySet[Product]:
    """The products whose name holds every word, or one of whose SKUs or barcodes begins with the text."""
    sku = ItemVariation.objects.filter(sku__istartswith=text).values("product_id")
    barcode = Barcode.objects.filter(_barcode_begins(text)).values("variation__product_id")
    return found.filter(_holds_words("name", text=text) | Q(pk__in=sku) | Q(pk__in=barcode))


def search_variations(found: QuerySet[ItemVariation], text: str) -> QuerySet[ItemVariation]:
    """The variations whose names hold every word, or whose SKU or one of whose barcodes begins with the text."""
    barcode = Barcode.objects.filter(_barcode_begins(text)).values("variation_id")
    words = _holds_words("product__name", "name", "size", "colour", text=text)
    return found.filter(words | Q(sku__istartswith=text) | Q(pk__in=barcode))


def _holds_words(*columns: str, text: str) -> Q:
    condition = Q()
    for word in text.split()[:MAX_SEARCH_WORDS]:
        in_some_column = Q()
        for column in columns:
            in_some_column |= Q(**{f"{column}__icontains": word})
        condition &= in_some_column
    return condition


def _barcode_begins(text: str) -> Q:
    return Q(code__istartswith=text) | Q(lookup_code=lookup_code(text))


@dataclass(frozen=True, slots=True)
class ScanMatch:
    """What a scanned code stands for: a variation, in packs of ``factor``."""

    variation: ItemVariation
    pack: Pack | None
    scan: Scan

    @property
    def factor(self) -> int:
        """How many base units one of the scanned thing holds."""
        return 1 if self.pack is None else self.pack.factor

    @property
    def is_active(self) -> bool:
        """Whether it is still offered: neither the variation nor its product is archived."""
        return self.variation.is_active and self.variation.product.is_active


def find_by_scan(scan: Scan) -> ScanMatch:
    """The variation, and the pack if the code is on one, that a scan stands for.

    It is looked for among the barcodes first, and then as an exact SKU.
    A batch number that was scanned alone is known to ``stock``, not here.

    Raises:
        UnknownCode: with what could be read from the code, so that it can be kept and given to something.
    """
    barcodes_and_holders = Barcode.objects.select_related("variation__product", "pack")
    barcode = barcodes_and_holders.filter(lookup_code=scan.lookup_code).first()
    if barcode is not None:
        return ScanMatch(variation=barcode.variation, pack=barcode.pack, scan=scan)
    # Some shops use the product number as their SKU.
    skus = {scan.text} if scan.gtin is None else set(written_forms(scan.gtin))
    variation = ItemVariation.objects.select_related("product").filter(sku__in=skus).order_by("sku").first()
    if variation is not None:
        return ScanMatch(variation=variation, pack=None, scan=scan)
    raise UnknownCode(
        text=scan.text,
        kind=scan.kind.value,
        gtin=scan.gtin,
        batch_number=scan.batch_number,
        expiry_date=scan.expiry_date.isoformat() if scan.expiry_date else None,
        serial=scan.serial,
        doubts=list(scan.doubts),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What somebody who scanned or typed something may mean: one thing for certain, or one of several."""

    match: ScanMatch | None
    choices: Sequence[ItemVariation] = ()


def find_offered(text: str, *, today: dt.date) -> Found:
    """What a code or some words stand for, among what is still offered.

    Args:
        text: as scanned or typed.
        today: decides the century of the two-digit years in a code.
    """
    scan = parse_scan(text, today=today)
    try:
        match = find_by_scan(scan)
    except UnknownCode:
        offered = variations().filter(is_active=True, product__is_active=True)
        words = scan.text[:MAX_SEARCH_LENGTH]
        named = list(search_variations(offered, words).order_by("product__name", "id")[:MAX_CHOICES])
        return Found(ScanMatch(named[0], None, scan)) if len(named) == 1 else Found(None, named)
    return Found(match) if match.is_active else Found(None)


class VariationRules(NamedTuple):
    """What every writer of stock needs to know of a variation."""

    variation_id: int
    product_id: int
    sku: str
    product_name: str
    unit: str
    quantity_decimals: int
    sell_by_margin_days: int
    usual_shelf_life_days: int | None
    issue_policy: str | None
    is_active: bool


def variation_rules(variation_ids: Collection[int]) -> Mapping[int, VariationRules]:
    """The rules of many variations in one statement, by id; an id that is not known here is left out."""
    rows = ItemVariation.objects.filter(pk__in=variation_ids).values_list(
        "id",
        "product_id",
        "sku",
        "product__name",
        "unit",
        "quantity_decimals",
        "product__sell_by_margin_days",
        "product__usual_shelf_life_days",
        "product__issue_policy",
        "is_active",
        "product__is_active",
    )
    return {row[0]: VariationRules._make((*row[:9], row[9] and row[10])) for row in rows}


def is_used_elsewhere(variation: ItemVariation) -> bool:
    """Whether anything outside the catalogue (stock, a transfer, an order) refers to the variation.

    The slices above are asked through Django's own registry of relations: the catalogue does not know them by name.
    """
    for relation in variation._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.related_model._meta.app_label == "catalog":
            continue
        # A relation without a key of its own repeats one that has it (a ledger line repeats its batch's).
        if not getattr(relation.field, "db_constraint", False):
            continue
        rows = relation.related_model._default_manager.filter(tenant_id=variation.tenant_id)
        if rows.filter(**{relation.field.name: variation}).exists():
            return True
    return False
