"""A place for the journals of one test, and a shop in which everything has happened."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from tests.stock.conftest import Shop, make_outlet, shop

from lotkeeper.catalog.models import ItemVariation
from lotkeeper.stock.journal import Exported, JournalPlace, export_journal
from lotkeeper.stock.operations import (
    CountLine,
    IssueLine,
    amend_batch,
    commit_reservation,
    hold_batch,
    post_counts,
    release_reservation,
    reserve_stock,
    reverse_operation,
)

__all__ = ["make_outlet", "shop"]

NOON = dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def place(tmp_path: Path) -> JournalPlace:
    return JournalPlace(tmp_path / "journal", tmp_path / "key.pem")


@dataclass(frozen=True)
class BusyShop:
    """A shop with operations of every sort."""

    shop: Shop
    item: ItemVariation
    batch: int
    place: JournalPlace

    @property
    def tenant_id(self) -> int:
        return self.shop.actor.tenant_id

    @property
    def path(self) -> Path:
        return self.place.journal(self.tenant_id)

    def export(self) -> Exported:
        return export_journal(self.tenant_id, place=self.place, now=NOON)


@pytest.fixture
def busy(shop: Shop, place: JournalPlace) -> BusyShop:
    """13 operations, 12 lines, 2 counts: odd texts, amendments, a hold, a reversal, promises of every end."""
    item = shop.variation(decimals=3)
    batch = shop.receive(item, "10.5", "Ä \u2028 \"1\" 'x'", expires_in=90, cost="1.2345")
    other = shop.receive(item, 5, "B")
    amend_batch(actor=shop.actor, batch_id=batch, changes={"batch_number": "A2", "unit_cost": None}, reason="misread")
    # Born under the number that the first has no longer.
    again = shop.receive(item, 4, "Ä \u2028 \"1\" 'x'", expires_in=90, cost="1.2345")
    sale = shop.sell(item, 3, reference="till-1")
    reverse_operation(actor=shop.actor, operation_id=sale.operation_id, reason="wrong till")
    hold_batch(actor=shop.actor, batch_id=other, reason="looked into\tnewline\n")
    now = dt.datetime.now(dt.UTC)
    seen = [CountLine(batch, Decimal(10), now), CountLine(again, Decimal(4), now)]
    post_counts(actor=shop.actor, outlet_id=shop.outlet.pk, lines=seen, reason="Stock take")
    for end in ("kept", "sold", "released"):
        promise = reserve_stock(
            actor=shop.actor,
            outlet_id=shop.outlet.pk,
            lines=[IssueLine(item.pk, Decimal(1))],
            hold_for=dt.timedelta(hours=1),
        )
        if end == "sold":
            commit_reservation(actor=shop.actor, reservation_id=promise.reservation_id)
        elif end == "released":
            release_reservation(actor=shop.actor, reservation_id=promise.reservation_id)
    return BusyShop(shop, item, batch, place)
