"""The tables of the old database: what each is called, which columns it needs, and how their values are understood."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lotkeeper.legacy.policies.rows import (
    OldBatch,
    OldCategory,
    OldMovement,
    OldOutlet,
    OldProduct,
    OldTenant,
    OldVariation,
)

#: An amount has at most so many digits before or noughts behind its point; 1e999999 must not be written out.
_MAGNITUDE_LIMIT = 20


class InvalidValue(ValueError):
    """The value is not what its column should hold; the message says what that is."""


@dataclass(frozen=True, slots=True)
class OldColumn:
    """A column, how its values are read, and whether the doctor can do without it."""

    name: str
    read: Callable[[object], object]
    required: bool = True
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OldTable:
    """A table by the names it may have, and the row that its columns make in their order."""

    names: tuple[str, ...]
    columns: tuple[OldColumn, ...]
    make: Callable[..., object]
    required: bool = True


def number_or_none(value: object) -> int | None:
    """The number of a row in another table."""
    if _is_empty(value):
        return None
    try:
        return int(str(value))
    except ValueError:
        raise InvalidValue("is no whole number") from None


def number(value: object) -> int:
    """The number of the row itself."""
    found = number_or_none(value)
    if found is None:
        raise InvalidValue("is empty")
    return found


def text(value: object) -> str:
    """Words, without blanks around them; nothing is the empty text."""
    # A NUL is nothing that anybody wrote, and PostgreSQL keeps none.
    return "" if _is_empty(value) else str(value).replace("\0", "").strip()


def decimal_or_none(value: object) -> Decimal | None:
    """An amount."""
    if _is_empty(value):
        return None
    try:
        # SQLite keeps decimals as floats; their shortest text is what was written.
        found = Decimal(str(value))
    except InvalidOperation:
        raise InvalidValue("is no number") from None
    if not found.is_finite() or abs(found.adjusted()) > _MAGNITUDE_LIMIT:
        raise InvalidValue("is no number that an amount can be")
    return found


def decimal(value: object) -> Decimal:
    """An amount that has to be there."""
    found = decimal_or_none(value)
    if found is None:
        raise InvalidValue("is empty")
    return found


def date_or_none(value: object) -> dt.date | None:
    """A day."""
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    moment = moment_or_none(value)
    return None if moment is None else moment.date()


def moment_or_none(value: object) -> dt.datetime | None:
    """An instant; where no zone is written it is UTC, as Django keeps it."""
    if _is_empty(value):
        return None
    try:
        found = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise InvalidValue("is no date") from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _is_empty(value: object) -> bool:
    # \N is how PostgreSQL's COPY writes nothing.
    return value is None or (isinstance(value, str) and value.strip() in {"", r"\N"})


_ID = OldColumn("id", number)
_TENANT = OldColumn("tenant_id", number_or_none)

TENANTS = OldTable(("tenants", "tenants_tenant"), (_ID, OldColumn("name", text)), OldTenant)
OUTLETS = OldTable(("outlets_outlet",), (_ID, _TENANT, OldColumn("name", text)), OldOutlet)
CATEGORIES = OldTable(("products_category",), (_ID, OldColumn("name", text)), OldCategory, required=False)
PRODUCTS = OldTable(
    ("products_product",),
    (
        _ID,
        _TENANT,
        OldColumn("name", text),
        OldColumn("stock", decimal_or_none, required=False),
        OldColumn("image", text, required=False),
        OldColumn("category_id", number_or_none, required=False),
        OldColumn("description", text, required=False),
        OldColumn("retail_price", decimal_or_none, required=False, also=("price",)),
        OldColumn("wholesale_price", decimal_or_none, required=False),
    ),
    OldProduct,
)
VARIATIONS = OldTable(
    ("products_itemvariation",),
    (
        _ID,
        OldColumn("product_id", number_or_none),
        OldColumn("sku", text, required=False),
        OldColumn("name", text, required=False),
        OldColumn("size", text, required=False),
        OldColumn("colour", text, required=False, also=("color",)),
        OldColumn("barcode", text, required=False),
    ),
    OldVariation,
)
BATCHES = OldTable(
    ("inventory_batch",),
    (
        _ID,
        _TENANT,
        OldColumn("variation_id", number_or_none),
        OldColumn("outlet_id", number_or_none),
        OldColumn("batch_number", text),
        OldColumn("expiry_date", date_or_none),
        OldColumn("quantity", decimal),
        OldColumn("cost_price", decimal_or_none, required=False),
        OldColumn("created_at", moment_or_none, required=False),
    ),
    OldBatch,
)
MOVEMENTS = OldTable(
    ("inventory_stockmovement",),
    (
        _ID,
        _TENANT,
        OldColumn("batch_id", number_or_none),
        OldColumn("variation_id", number_or_none),
        OldColumn("outlet_id", number_or_none),
        OldColumn("movement_type", text),
        OldColumn("quantity", decimal),
        OldColumn("created_at", moment_or_none, required=False),
        OldColumn("reason", text, required=False),
    ),
    OldMovement,
)
TABLES = (TENANTS, OUTLETS, CATEGORIES, PRODUCTS, VARIATIONS, BATCHES, MOVEMENTS)
