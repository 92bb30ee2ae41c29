"""The files an import takes: their columns, and the row each makes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from lotkeeper.imports.policies import cells
from lotkeeper.imports.policies.cells import DateOrder
from lotkeeper.imports.policies.columns import Column, Layout

#: A document's number leaves room, in a reference of 200 characters, for what is added to it.
_DOCUMENT_LIMIT = 150
_SKU = Column("sku", cells.text_up_to(64), required=True, also=("stock code", "product code", "item code", "article"))
_OUTLET = Column("outlet", cells.text_up_to(120), also=("shop", "store", "branch", "location"))
_QUANTITY = ("qty", "units", "pieces", "on hand")


class ProductRow(NamedTuple):
    """A product with one variation. None: the file does not say, so what is there stays."""

    sku: str
    name: str
    variation: str | None
    category: str | None
    supplier: str | None
    barcode: str | None
    price: Decimal | None
    unit: str | None
    decimals: int | None
    reorder_point: Decimal | None
    margin_days: int | None
    shelf_life_days: int | None


PRODUCTS: Layout[ProductRow] = Layout(
    (
        _SKU,
        Column("name", cells.text_up_to(200), required=True, also=("product", "product name", "description", "title")),
        Column("variation", cells.text_up_to(200), also=("variant", "strength")),
        Column("category", cells.text_up_to(500), also=("group", "department")),
        Column("supplier", cells.text_up_to(200), also=("vendor", "delivered by")),
        Column("barcode", cells.text_up_to(512), also=("ean", "gtin", "upc")),
        Column("price", cells.money, also=("retail price", "unit price", "selling price")),
        Column("unit", cells.text_up_to(5), also=("uom", "unit of measure")),
        Column("decimals", cells.whole_number, also=("quantity decimals", "precision")),
        Column("reorder_point", cells.quantity_or_zero, also=("reorder level", "minimum", "min stock")),
        Column("margin_days", cells.whole_number, also=("sell by margin days", "margin")),
        Column("shelf_life_days", cells.whole_number, also=("usual shelf life days", "shelf life")),
    ),
    ProductRow,
)


class OpeningRow(NamedTuple):
    """What stands on the shelf on the day the books are opened: so much of one batch."""

    sku: str
    outlet: str | None
    batch_number: str
    expiry_date: dt.date | None
    quantity: Decimal
    unit_cost: Decimal | None


OPENING_STOCK: Layout[OpeningRow] = Layout(
    (
        _SKU,
        _OUTLET,
        Column(
            "batch_number",
            cells.text_up_to(100),
            required=True,
            also=("batch", "lot", "batch no", "lot number", "lot no"),
        ),
        Column("expiry_date", cells.expiry, also=("expiry", "expires", "best before", "use by", "exp")),
        Column("quantity", cells.quantity, required=True, also=_QUANTITY),
        Column("unit_cost", cells.money, also=("cost", "cost price", "purchase price")),
    ),
    OpeningRow,
)


class SaleRow(NamedTuple):
    """One line of a receipt or an invoice."""

    document: str
    sku: str
    quantity: Decimal
    sold_at: dt.datetime
    outlet: str | None


def sales(order: DateOrder | None) -> Layout[SaleRow]:
    """Past sales, a line each."""
    return Layout(
        (
            Column(
                "document",
                cells.text_up_to(_DOCUMENT_LIMIT),
                required=True,
                also=("invoice", "invoice no", "invoice number", "receipt", "receipt no", "order", "reference"),
            ),
            _SKU,
            Column("quantity", cells.quantity, required=True, also=_QUANTITY),
            Column("sold_at", cells.instants(order), required=True, also=("date", "invoice date", "time", "sale date")),
            _OUTLET,
        ),
        SaleRow,
        document="document",
    )


class RetailRow(NamedTuple):
    """A line of the Online Retail file."""

    invoice: str
    code: str
    description: str
    quantity: Decimal
    moment: dt.datetime
    price: Decimal
    customer: str


def online_retail(order: DateOrder | None) -> Layout[RetailRow]:
    """The Online Retail file (and the second one, whose columns are called a little differently)."""
    return Layout(
        (
            Column("InvoiceNo", cells.text_up_to(_DOCUMENT_LIMIT), required=True, also=("Invoice",)),
            Column("StockCode", lambda text: cells.text_up_to(64)(text).upper(), required=True),
            Column("Description", cells.text_up_to(200), empty=""),
            Column("Quantity", cells.signed_quantity, required=True),
            Column("InvoiceDate", cells.instants(order), required=True),
            # Bad debts have a negative one.
            Column("UnitPrice", cells.number, required=True, also=("Price",)),
            Column("CustomerID", cells.text_up_to(50), also=("Customer ID",), empty=""),
        ),
        RetailRow,
        document="InvoiceNo",
    )
