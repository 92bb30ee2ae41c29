"""The FEFO ribbon: one bar, as wide as there is of each batch, in the order in which they go."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import transaction
from tests.stock.conftest import Shop

from lotkeeper.accounts.policies import Permission
from lotkeeper.stock.operations import hold_batch
from lotkeeper.stock.queries import LineAsked, StockRow, stock_rows_of, what_goes
from lotkeeper.stock.ribbon import LENGTH, ribbon
from lotkeeper.stock.templatetags.stock_shown import time_words


@pytest.fixture
def row(shop: Shop) -> StockRow:
    milk = shop.variation()
    shop.receive(milk, 4, "OLD", expires_in=-2)
    shop.receive(milk, 1, "LAST", expires_in=0)
    shop.receive(milk, 15, "SOON", expires_in=30)
    held = shop.receive(milk, 20, "HELD", expires_in=90)
    shop.receive(milk, 40, "LONG", expires_in=400)
    shop.receive(milk, 20, "NEVER")
    hold_batch(actor=shop.actor, batch_id=held, reason="Looked into")
    with transaction.atomic():
        return stock_rows_of(shop.actor, [milk])[milk.pk]


def test_each_batch_is_as_wide_as_there_is_of_it(row: StockRow) -> None:
    segments = ribbon(row.batches)
    assert [each.view.batch.batch_number for each in segments] == ["OLD", "LAST", "SOON", "HELD", "LONG", "NEVER"]
    assert [each.time_left for each in segments] == ["none", "short", "short", "mid", "long", "undated"]
    assert [each.is_kept for each in segments] == [False, False, False, True, False, False]
    assert [round(each.width) for each in segments] == [8, 2, 30, 40, 80, 40]
    assert round(segments[-1].x + segments[-1].width) == LENGTH
    assert row.on_hand == Decimal(100)
    assert row.sellable == Decimal(76)


def test_state_is_told_in_words_too(row: StockRow) -> None:
    words = [time_words(view) for view in row.batches]
    assert words == ["Expired 2 d ago", "Last day", "30 d left", "90 d left", "400 d left", "No date"]


def test_what_would_go_is_shown_on_the_bar(shop: Shop, row: StockRow) -> None:
    with transaction.atomic():
        [line] = what_goes(
            actor=shop.actor,
            permission=Permission.SELL,
            outlet_id=shop.outlet.pk,
            lines=[LineAsked(row.variation.pk, Decimal(26))],
        )
    assert [(pick.batch.batch_number, pick.quantity) for pick in line.picks] == [
        ("LAST", 1),
        ("SOON", 15),
        ("LONG", 10),
    ]
    assert (line.missing, line.expired, line.kept_back, line.reserved) == (0, Decimal(4), Decimal(20), 0)
    stays = {each.view.batch.batch_number: each.stays_width for each in ribbon(line.batches, line.taken)}
    assert (stays["LAST"], stays["SOON"]) == (0, 0)
    assert round(stays["LONG"]) == 60
    assert round(stays["OLD"]) == 8


def test_a_basket_takes_each_batch_once(shop: Shop) -> None:
    milk = shop.variation()
    first = shop.receive(milk, 4, "A", expires_in=5)
    shop.receive(milk, 4, "B", expires_in=9)
    asked = [LineAsked(milk.pk, Decimal(5)), LineAsked(milk.pk, Decimal(2), first)]
    with transaction.atomic():
        by_rule, in_hand = what_goes(
            actor=shop.actor, permission=Permission.SELL, outlet_id=shop.outlet.pk, lines=asked
        )
    # The lot in hand is taken first, so the rule does not count on it.
    assert in_hand.taken == {first: Decimal(2)}
    assert [pick.quantity for pick in by_rule.picks] == [Decimal(2), Decimal(3)]
    assert by_rule.missing == 0


def test_many_batches_are_still_one_bar(shop: Shop) -> None:
    milk = shop.variation()
    for number in range(30):
        shop.receive(milk, 1 if number else 1000, f"L{number}", expires_in=number + 1)
    with transaction.atomic():
        segments = ribbon(stock_rows_of(shop.actor, [milk])[milk.pk].batches)
    assert len(segments) == 24
    assert min(each.width for each in segments) > 1
    assert segments[0].view.batch.expiry_date == dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    assert ribbon([]) == []
