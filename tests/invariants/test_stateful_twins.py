"""The rules stand twice, in SQL for deciding and in Python for previews: on any batches both say the same."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.stock.conftest import Shop, make_outlet, shop

from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    Posting,
    VariationQuantity,
    deduct_stock,
    return_sale,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.policies import (
    BatchStatus,
    Lot,
    MovementKind,
    fefo_key,
    fifo_key,
    is_expired,
    is_sellable,
    outlet_today,
)

__all__ = ["make_outlet", "shop"]

DAYS = st.dates(dt.date(1999, 12, 25), dt.date(2030, 1, 5))
NEAR = st.integers(-5, 5).map(lambda days: dt.timedelta(days=days))
INSTANTS = st.integers(0, 3).map(lambda hours: dt.datetime(2026, 1, 1, hours, tzinfo=dt.UTC))
BEGINNING = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
#: A database behind it, and nothing that has to be fresh.
ROWS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(
    st.lists(
        st.tuples(st.sampled_from(BatchStatus), st.none() | NEAR, st.integers(0, 4), DAYS), min_size=1, max_size=200
    )
)
@ROWS
def test_sellable_means_the_same_in_both(cases: list[tuple[BatchStatus, dt.timedelta | None, int, dt.date]]) -> None:
    dated = [(status, None if near is None else today + near, margin, today) for status, near, margin, today in cases]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(lk.is_sellable(c.status, c.expiry, c.margin, c.today) ORDER BY c.position)"
            " FROM unnest(%s::text[], %s::date[], %s::int[], %s::date[])"
            " WITH ORDINALITY AS c (status, expiry, margin, today, position)",
            [list(column) for column in zip(*dated, strict=True)],
        )
        (in_sql,) = cursor.fetchone()

    received = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    assert in_sql == [
        is_sellable(Lot(1, Decimal(1), expiry, received, status), sell_by_margin_days=margin, today=today)
        for status, expiry, margin, today in dated
    ]
    assert in_sql == [
        status is BatchStatus.AVAILABLE and not is_expired(expiry, margin, today)
        for status, expiry, margin, today in dated
    ]


@given(st.lists(st.tuples(st.none() | DAYS | st.just(dt.date(2026, 1, 1)), INSTANTS), min_size=1, max_size=60))
@ROWS
def test_the_order_of_use_is_the_same_in_both(batches: list[tuple[dt.date | None, dt.datetime]]) -> None:
    lots = [Lot(number, Decimal(1), expiry, received) for number, (expiry, received) in enumerate(batches)]
    for fifo, key in ((False, fefo_key), (True, fifo_key)):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT array_agg(b.id ORDER BY lk.use_order(%s, b.expiry), b.received_at, b.id)"
                " FROM unnest(%s::int[], %s::date[], %s::timestamptz[]) AS b (id, expiry, received_at)",
                [
                    fifo,
                    [lot.batch_id for lot in lots],
                    [lot.expiry_date for lot in lots],
                    [lot.received_at for lot in lots],
                ],
            )
            (in_sql,) = cursor.fetchone()
        assert in_sql == [lot.batch_id for lot in sorted(lots, key=key)]


@given(
    st.integers(0, 20 * 366 * 24 * 60).map(lambda minutes: BEGINNING + dt.timedelta(minutes=minutes)),
    st.sampled_from(["Pacific/Kiritimati", "Pacific/Pago_Pago", "Europe/Berlin", "Asia/Kathmandu", "America/Nuuk"]),
)
@ROWS
def test_today_is_the_same_day_in_both(now: dt.datetime, timezone: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT (%s::timestamptz AT TIME ZONE %s)::date", [now, timezone])
        assert cursor.fetchone() == (outlet_today(timezone, now),)


# --- found by the machine of test_stateful_book, kept as they read ----------------------------------------------------


def _sale_of(posting: Posting) -> list[tuple[str, Decimal]]:
    return [(movement.batch_number, movement.quantity) for movement in posting.movements]


def _receive_late_before_soon(shop: Shop) -> int:
    item = shop.variation()
    late = shop.receive(item, 2, "late", expires_in=60)
    shop.receive(item, 2, "soon", expires_in=10)
    # More lines on one batch than on the other: the answer's order is that of taking, not that of the lines' numbers.
    write_off_stock(
        actor=shop.actor, lines=[BatchQuantity(late, Decimal(1))], movement_type=MovementKind.DAMAGE, reason="broken"
    )
    return item.pk


def test_goods_come_back_to_the_batch_taken_last_whichever_was_received_first(shop: Shop) -> None:
    variation_id = _receive_late_before_soon(shop)
    sale = deduct_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=[IssueLine(variation_id, Decimal(3))])
    assert _sale_of(sale) == [("soon", -2), ("late", -1)]

    lines = [VariationQuantity(variation_id, Decimal(2))]
    back = return_sale(actor=shop.actor, sale_id=sale.operation_id, lines=lines)

    assert sorted(_sale_of(back)) == [("late", 1), ("soon", 1)]


def test_a_return_that_was_a_mistake_can_be_made_again_and_the_sale_reversed(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    sale = shop.sell(item, 3)
    lines = [VariationQuantity(item.pk, Decimal(3))]

    for _ in range(2):
        back = return_sale(actor=shop.actor, sale_id=sale.operation_id, lines=lines)
        assert shop.on_hand(item) == {"A": 5}
        reverse_operation(actor=shop.actor, operation_id=back.operation_id, reason="wrong customer")
        assert shop.on_hand(item) == {"A": 2}
    reverse_operation(actor=shop.actor, operation_id=sale.operation_id, reason="wrong till")
    assert shop.on_hand(item) == {"A": 5}
