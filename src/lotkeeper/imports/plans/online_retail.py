"""The Online Retail file, replayed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from lotkeeper.accounts.policies import Actor
from lotkeeper.imports.operations import ProductTally, Tally, import_products, post_opening_stock
from lotkeeper.imports.operations.opening import OpeningLine
from lotkeeper.imports.operations.postings import OPENING_BATCH
from lotkeeper.imports.plans.common import (
    Options,
    Plan,
    Progress,
    Result,
    check_outlet,
    ignored_note,
    pieces,
    post_documents,
    read_file,
    told,
)
from lotkeeper.imports.policies.columns import RowError
from lotkeeper.imports.policies.documents import chunks
from lotkeeper.imports.policies.layouts import ProductRow, RetailRow, online_retail
from lotkeeper.imports.policies.online_retail import RetailProduct, replay_of
from lotkeeper.imports.queries import places, variations_by_sku

_TOGETHER = 1000
_PRODUCTS_TOGETHER = 500


class OnlineRetailPlan(Plan):
    """Products, opening stock, sales, returns, damage and adjustments out of one file."""

    sample_header: Sequence[str] = ("row", *RetailRow._fields)

    def __init__(self, actor: Actor, options: Options) -> None:
        self.actor = actor
        self.create_products = options.create_products
        reading = read_file(options, online_retail(options.dates))
        self.row_count = reading.count
        self.errors = reading.errors
        with transaction.atomic():
            self.places = places(actor, options.outlet)
            self.variations = variations_by_sku()
        self.sample = [(number, *row) for number, row in reading.rows[:5]]
        lines = [line for line in reading.rows if line[1].invoice not in reading.broken]
        self.replay = replay_of(lines)
        self._check()
        self.line_count = sum(len(document.rows) for document in self.replay.documents)
        self.notes = [*self._notes(), *ignored_note(reading)]
        if reading.broken:
            self.notes.append(f"{len(reading.broken)} invoices have a row that is wrong and are left out whole.")

    def apply(self, progress: Progress) -> Result:
        """Make the products that are missing, receive the opening stock, and post day after day."""
        result = Result()
        if self.missing:
            products = self._make_products()
            result.sentences.append(f"Made {products.created} products.")
            result.refused += [RowError(row, "product", "", why) for row, why in products.refused]
            with transaction.atomic():
                self.variations = variations_by_sku()
        opening = self._receive_opening()
        for each in (told(opening, "batches of opening stock"), self._post(progress)):
            result.sentences += each.sentences
            result.refused += each.refused
        return result

    def _check(self) -> None:
        """Codes that are no SKU here are made, or are errors: then their documents are left out."""
        self.missing = [product for product in self.replay.products if product.sku not in self.variations]
        if self.missing and not self.create_products:
            why = "is no SKU here; --create-products makes it"
            self.errors += [RowError(product.row, "StockCode", product.sku, why) for product in self.missing]
            self.replay.leave_out({product.sku for product in self.missing})
            self.missing = []
        wrong_outlet = check_outlet(1, None, self.places)
        if wrong_outlet is not None:
            self.errors.append(wrong_outlet)
            self.replay.leave_out({product.sku for product in self.replay.products})

    def _notes(self) -> list[str]:
        replay = self.replay
        notes = [
            f"{len(self.missing)} products to make, {len(replay.products) - len(self.missing)} known by their code.",
            f"{len(replay.opening)} batches of opening stock with {sum(replay.opening.values()):f} units.",
            *(f"{count} lines: {kept.value}" for kept, count in replay.kept.most_common()),
        ]
        if replay.no_goods:
            notes.append(f"{replay.no_goods.total()} lines are no goods and are not posted:")
            notes += [f"    {count:6} x {code}: {why}" for (code, why), count in replay.no_goods.most_common()]
        return notes

    def _make_products(self) -> ProductTally:
        tally = ProductTally()
        rows = [(product.row, _product_row(product)) for product in self.missing]
        for piece in pieces(rows, _PRODUCTS_TOGETHER):
            tally.add(import_products(actor=self.actor, rows=piece))
        return tally

    def _receive_opening(self) -> Tally:
        tally = Tally()
        place = self.places.get(None)
        if place is None or self.replay.first_day is None:
            return tally
        opened_at = dt.datetime.combine(self.replay.first_day, dt.time(), tzinfo=place.zone)
        rows = {product.sku: product.row for product in self.replay.products}
        lines = [
            OpeningLine(rows[sku], sku, OPENING_BATCH, None, quantity, None)
            for sku, quantity in self.replay.opening.items()
            if sku in self.variations
        ]
        for piece in pieces(lines, _TOGETHER):
            tally.add(
                post_opening_stock(
                    actor=self.actor, place=place, variations=self.variations, lines=piece, opened_at=opened_at
                )
            )
        return tally

    def _post(self, progress: Progress) -> Result:
        documents = [each for each in self.replay.documents if all(sku in self.variations for sku in each.skus)]
        tally, seconds = post_documents(
            actor=self.actor,
            places=self.places,
            variations=self.variations,
            chunks=chunks(documents),
            progress=progress,
        )
        return told(tally, "documents", seconds)


def _product_row(product: RetailProduct) -> ProductRow:
    return ProductRow(
        sku=product.sku,
        name=product.name,
        variation=None,
        category=None,
        supplier=None,
        barcode=None,
        price=product.price,
        unit=None,
        decimals=None,
        reorder_point=None,
        margin_days=None,
        shelf_life_days=None,
    )
