"""What the demonstration shop sells, read from ``data/catalogue.csv``. Pure: no Django, no database."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from importlib import resources
from typing import Final

#: GS1 keeps 20 to 29 for codes that mean something inside one shop only: no maker's article is imitated.
_GTIN_PREFIX: Final = "20044"
_CENT: Final = Decimal("0.01")
_WHOLESALE: Final = Decimal("0.85")
_COST: Final = Decimal("0.62")
_WEIGHED_DECIMALS: Final = 3


class Dating(StrEnum):
    """How the maker prints the expiry: not at all, a month, or a day."""

    NONE = "none"
    MONTH = "month"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Article:
    """One variation as the shop sells it. ``popularity`` compares articles; ``outlets`` are letters of places."""

    number: int
    sku: str
    name: str
    category: tuple[str, ...]
    retail_price: Decimal
    popularity: float
    dating: Dating
    shelf_days: int | None
    margin_days: int
    decimals: int
    outlets: str
    pack: tuple[str, int] | None

    @property
    def wholesale_price(self) -> Decimal:
        """What another shop pays for it."""
        return (self.retail_price * _WHOLESALE).quantize(_CENT)

    @property
    def usual_cost(self) -> Decimal:
        """What a supplier usually asks for it."""
        return (self.retail_price * _COST).quantize(_CENT)

    @property
    def gtin(self) -> str:
        """The code on one unit."""
        return with_check_digit(f"{_GTIN_PREFIX}{self.number:07}")

    @property
    def pack_gtin(self) -> str:
        """The code on its box: one more digit in front, and so another check digit."""
        return with_check_digit(f"1{self.gtin[:-1]}")


@dataclass(frozen=True, slots=True)
class ShopProduct:
    """A product with its variations, in the order in which they are made."""

    name: str
    unit: str
    category: tuple[str, ...]
    shelf_days: int | None
    margin_days: int
    articles: Sequence[Article]


def with_check_digit(digits: str) -> str:
    """A product number of GS1 with its last digit: weights 3 and 1 from the right, up to the next ten."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


@functools.cache
def shop_products() -> Sequence[ShopProduct]:
    """Everything the shop sells."""
    text = resources.files("lotkeeper.demo").joinpath("data/catalogue.csv").read_text(encoding="utf-8")
    products: list[ShopProduct] = []
    count = 0
    for row in csv.DictReader(text.splitlines()):
        product = _product(row, first_number=count + 1)
        count += len(product.articles)
        products.append(product)
    return tuple(products)


def articles() -> Sequence[Article]:
    """Every variation, in the order in which they are made."""
    return [article for product in shop_products() for article in product.articles]


def _product(row: Mapping[str, str], *, first_number: int) -> ShopProduct:
    category = tuple(row["category"].split(" / "))
    shelf_days = int(row["shelf_days"]) if row["shelf_days"] else None
    pack_name, _, pack_factor = row["pack"].rpartition(" ")
    found: list[Article] = []
    for place, written in enumerate(row["variations"].split("; ")):
        name, _, price = written.rpartition("=")
        found.append(
            Article(
                number=first_number + place,
                sku=f"{row['code']}-{place + 1:02}",
                name=name,
                category=category,
                retail_price=Decimal(price),
                # The first is what most people mean; the others share what is left.
                popularity=int(row["popularity"]) / (1 + place / 2),
                dating=Dating(row["dating"]),
                shelf_days=shelf_days,
                margin_days=int(row["margin_days"]),
                decimals=0 if row["unit"] == "piece" else _WEIGHED_DECIMALS,
                outlets=row["outlets"],
                pack=(pack_name, int(pack_factor)) if pack_name else None,
            )
        )
    return ShopProduct(
        name=row["product"],
        unit=row["unit"],
        category=category,
        shelf_days=shelf_days,
        margin_days=int(row["margin_days"]),
        articles=tuple(found),
    )
