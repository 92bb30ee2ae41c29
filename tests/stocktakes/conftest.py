"""A shop whose shelves are counted, made through the operations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from tests.stock.conftest import Shop, make_outlet, shop

from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.models import CountScope, StockTake
from lotkeeper.stocktakes.operations import Observation, Rules, Scope, open_stock_take, record_counts
from lotkeeper.stocktakes.operations._take import database_now
from lotkeeper.stocktakes.queries import LinesWanted, VarianceLine, variance_lines

__all__ = ["make_outlet", "shop"]

EVERYTHING = Scope(CountScope.OUTLET)


@dataclass(frozen=True)
class Counting:
    """Counts at the shop's outlet, by its owner unless told otherwise."""

    shop: Shop
    counter: Actor

    def open(self, scope: Scope = EVERYTHING, **more: Any) -> StockTake:
        return open_stock_take(actor=self.shop.actor, outlet_id=self.shop.outlet.pk, scope=scope, rules=Rules(**more))

    def see(self, take: StockTake, batch: Any, quantity: int | str, **more: Any) -> None:
        seen = Observation(batch, Decimal(quantity), **more)
        record_counts(actor=self.counter, stock_take_id=take.pk, observations=[seen])

    def lines(self, take: StockTake, **wanted: Any) -> Sequence[VarianceLine]:
        with transaction.atomic():
            take = StockTake.objects.get(pk=take.pk)
            return variance_lines(take, LinesWanted(**wanted), Window(None, 1000))

    def line(self, take: StockTake, batch: int) -> VarianceLine:
        (line,) = [line for line in self.lines(take) if line.batch_id == batch]
        return line

    @staticmethod
    def now() -> dt.datetime:
        """The server's clock."""
        return database_now()


@pytest.fixture
def counting(shop: Shop, colleague: Callable[..., Actor], business: Any) -> Counting:
    counter = colleague(business, Role.COUNTER, shop.outlet.pk)
    return Counting(shop, replace(counter))
