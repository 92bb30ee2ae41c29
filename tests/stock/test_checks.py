"""``lotkeeper check`` finds nothing in a shop that works, and each broken promise in one that was tampered with."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from decimal import Decimal

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from tests.guards.attacks import ATTACKS
from tests.guards.attacks.outcomes import Detected
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.outlets.models import Outlet
from lotkeeper.outlets.operations.outlets import OutletChanges, update_outlet
from lotkeeper.stock.checks import CheckResult, check_names, check_tenant, run_checks
from lotkeeper.stock.errors import InsufficientStockError
from lotkeeper.stock.models import Operation, StockItem
from lotkeeper.stock.operations import (
    BatchQuantity,
    Issue,
    IssueLine,
    ReceiptLine,
    VariationQuantity,
    adjust_stock,
    amend_batch,
    commit_reservation,
    hold_batch,
    import_sales,
    lapse_reservations,
    past_entry,
    receive_stock,
    release_batch,
    reserve_stock,
    return_sale,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.policies import MovementKind, OperationKind, outlet_today
from lotkeeper.transfers.operations import ArrivedLine, receive_transfer, transfer_stock

#: Found by a test below; every other check is shown to fail by an attack in ``tests/guards``.
FOUND_HERE = {"not_negative", "returns", "transfers"}


def broken(tenant_id: int) -> list[CheckResult]:
    return [result for result in run_checks(tenant_id) if not result.ok]


def busy_week(shop: Shop, other: Outlet) -> None:
    """Some of everything that can happen to stock."""
    piece, weighed = shop.variation(), shop.variation(decimals=3, margin=2)
    soon = shop.receive(piece, 10, "soon", expires_in=5, cost="1.25")
    shop.receive(piece, 10, "late", expires_in=50, cost="1.5")
    old = shop.receive(piece, 4, "old", expires_in=-1)
    loose = shop.receive(weighed, "7.125", "loose")
    sale = shop.sell(piece, 12, reference="till-1")
    shop.sell(piece, 12, reference="till-1")
    shop.sell(weighed, "0.375", batch=loose)
    return_sale(actor=shop.actor, sale_id=sale.operation_id, lines=[VariationQuantity(piece.pk, Decimal(3))])
    changes = {"expiry_date": dt.datetime.now(dt.UTC).date() + dt.timedelta(days=9), "unit_cost": Decimal("1.30")}
    amend_batch(actor=shop.actor, batch_id=soon, changes=changes, reason="misread")
    amend_batch(actor=shop.actor, batch_id=soon, changes={"batch_number": "soon-1"}, reason="misread")
    second = shop.sell(piece, 1)
    reverse_operation(actor=shop.actor, operation_id=second.operation_id, reason="wrong till")
    hold_batch(actor=shop.actor, batch_id=soon, reason="looked into")
    shop.sell(piece, 1)
    release_batch(actor=shop.actor, batch_id=soon, reason="fine")
    amend_batch(actor=shop.actor, batch_id=soon, changes={"unit_cost": None}, reason="unknown after all")
    shop.sell(piece, 1)
    write_off_stock(
        actor=shop.actor, lines=[BatchQuantity(old, Decimal(4))], movement_type=MovementKind.EXPIRY, reason="expired"
    )
    adjust_stock(actor=shop.actor, lines=[BatchQuantity(loose, Decimal("-0.001"))], reason="dust")
    held = reserve_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(piece.pk, Decimal(2))],
        hold_for=dt.timedelta(days=1),
    )
    reserve_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(piece.pk, Decimal(1))],
        hold_for=dt.timedelta(days=1),
    )
    commit_reservation(actor=shop.actor, reservation_id=held.reservation_id)
    lines = [IssueLine(piece.pk, Decimal(3))]
    sent = transfer_stock(actor=shop.actor, source_id=shop.outlet.pk, destination_id=other.pk, lines=lines)
    with transaction.atomic():
        arrived = [ArrivedLine(line.pk, line.quantity_sent - 1, "one broke") for line in sent.lines.all()]
    receive_transfer(actor=shop.actor, transfer_id=sent.pk, arrived=arrived)
    transfer_stock(actor=shop.actor, source_id=shop.outlet.pk, destination_id=other.pk, lines=lines)


@pytest.mark.tampers_with_ledger
def test_a_changed_time_zone_makes_no_expired_sale(shop: Shop, make_outlet: Callable[..., Outlet]) -> None:
    # 26 hours apart: whatever time it is, the second zone has a later date than the first.
    west, east = "Etc/GMT+12", "Pacific/Kiritimati"
    outlet = make_outlet("Ship", west)
    at_sea = replace(shop, outlet=outlet)
    item, expiring = shop.variation(), outlet_today(west)
    line = ReceiptLine(item.pk, Decimal(5), "A", expiring, None)
    receive_stock(actor=shop.actor, outlet_id=outlet.pk, lines=[line], confirmed=True)
    at_sea.sell(item, 1)

    def move_to(timezone: str) -> None:
        with transaction.atomic():
            update_outlet(actor=shop.actor, outlet_id=outlet.pk, changes=OutletChanges(timezone=timezone))

    for timezone in ("UTC", east):
        move_to(timezone)
        assert broken(shop.actor.tenant_id) == []
    with pytest.raises(InsufficientStockError):
        at_sea.sell(item, 1)

    # What had expired by the date of every zone it ever had is found all the same.
    gone = expiring - dt.timedelta(days=3)
    line = ReceiptLine(item.pk, Decimal(5), "B", gone, None)
    receive_stock(actor=shop.actor, outlet_id=outlet.pk, lines=[line], confirmed=True)
    entry = past_entry(OperationKind.ISSUE, {}, reference_id=None, occurred_at=None)
    sale = Issue(entry, [IssueLine(item.pk, Decimal(1))])
    import_sales(actor=shop.actor, outlet_id=outlet.pk, sales=[sale], today=gone)
    [found] = broken(shop.actor.tenant_id)
    assert (found.name, found.found, found.offending[0]["expiry_date"]) == ("expired_sales", 1, gone.isoformat())


def test_nothing_is_found_in_a_shop_that_works(shop: Shop, make_outlet: Callable[..., Outlet]) -> None:
    busy_week(shop, make_outlet("Station"))
    results = run_checks(shop.actor.tenant_id)
    assert [result for result in results if not result.ok] == []
    assert [result.name for result in results] == list(check_names())
    with transaction.atomic():
        written = Operation.objects.count()
    assert {result.examined for result in results if result.name in ("orphans", "answers")} == {written}


def test_an_unused_business_is_sound(business: NewTenant) -> None:
    assert broken(business.tenant.pk) == []


def test_every_check_is_shown_to_fail() -> None:
    # Without its table no check can be read; that shows nothing of what each one looks for.
    telling = [attack for attack in ATTACKS if not attack.name.endswith("the table")]
    shown = {name for attack in telling if isinstance(attack.outcome, Detected) for name in attack.outcome}
    assert shown == set(check_names()) - FOUND_HERE


def tampered(connection: psycopg.Connection, tenant_id: int, *statements: str) -> dict[str, int]:
    """What the checks find after these statements, as a superuser whose keys are off; all is rolled back."""
    with connection.transaction(force_rollback=True):
        connection.execute(f"SET LOCAL app.tenant_id = '{tenant_id:d}'")
        connection.execute("SET LOCAL session_replication_role = replica")
        for table in ("stock_movement", "stock_batch", "stock_operation"):
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            connection.execute(statement.replace(":tenant", str(tenant_id)))
        with connection.cursor() as cursor:
            results = list(check_tenant(cursor, tenant_id, [name for name in check_names() if name != "guards"]))
    return {result.name: result.found for result in results if not result.ok}


def test_a_balance_below_zero_is_found(shop: Shop, superuser_connection: psycopg.Connection) -> None:
    shop.receive(shop.variation(), 5)
    found = tampered(
        superuser_connection,
        shop.actor.tenant_id,
        "ALTER TABLE stock_movement DROP CONSTRAINT movement_sound",
        "ALTER TABLE stock_batch DROP CONSTRAINT batch_not_negative",
        "UPDATE stock_movement SET movement_type = 'adjustment', quantity = -5, balance_after = -5"
        " WHERE tenant_id = :tenant",
        "UPDATE stock_batch SET quantity = -5 WHERE tenant_id = :tenant",
    )
    assert found["not_negative"] == 2


def test_a_balance_that_is_no_number_is_found(shop: Shop, superuser_connection: psycopg.Connection) -> None:
    shop.receive(shop.variation(), 5)
    found = tampered(
        superuser_connection, shop.actor.tenant_id, "UPDATE stock_batch SET quantity = 'NaN' WHERE tenant_id = :tenant"
    )
    assert found["not_negative"] == 1


def test_more_that_came_back_than_went_is_found(shop: Shop, superuser_connection: psycopg.Connection) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    sale = shop.sell(item, 2)
    back = [VariationQuantity(item.pk, Decimal(2))]
    returned = return_sale(actor=shop.actor, sale_id=sale.operation_id, lines=back)
    smaller = shop.sell(item, 1)
    assert tampered(superuser_connection, shop.actor.tenant_id) == {}
    refers = f"UPDATE stock_operation SET refers_to_id = {{}} WHERE id = {returned.operation_id}"
    for other in (smaller.operation_id, returned.operation_id):
        found = tampered(superuser_connection, shop.actor.tenant_id, refers.format(other))
        assert found == {"operation_digests": 1, "returns": 1}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE transfers_transferline SET quantity_sent = quantity_sent + 1 WHERE tenant_id = :tenant",
        "UPDATE transfers_transferline SET quantity_received = 1 WHERE tenant_id = :tenant",
        "DELETE FROM transfers_transferline WHERE tenant_id = :tenant",
        "UPDATE transfers_transfer SET status = 'received' WHERE tenant_id = :tenant",
    ],
)
def test_a_transfer_that_differs_from_the_ledger_is_found(
    shop: Shop, make_outlet: Callable[..., Outlet], superuser_connection: psycopg.Connection, change: str
) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    transfer_stock(
        actor=shop.actor,
        source_id=shop.outlet.pk,
        destination_id=make_outlet("Station").pk,
        lines=[IssueLine(item.pk, Decimal(3))],
    )
    assert tampered(superuser_connection, shop.actor.tenant_id, change).keys() == {"transfers"}


def test_a_promise_that_lapsed_is_taken_off_once(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 20)

    def promise(quantity: int, hold_for: dt.timedelta) -> None:
        lines = [IssueLine(item.pk, Decimal(quantity))]
        reserve_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=lines, hold_for=hold_for)

    promise(4, dt.timedelta(microseconds=1))
    # Forgets the one that lapsed; marking that as lapsed afterwards must not take it off again.
    promise(6, dt.timedelta(days=1))
    assert lapse_reservations() == 1
    with transaction.atomic():
        assert StockItem.objects.get(variation=item).reserved == 6


def test_only_so_many_rows_are_shown_and_all_are_counted(shop: Shop, superuser_connection: psycopg.Connection) -> None:
    item = shop.variation()
    for number in range(25):
        shop.receive(item, 1, f"N{number}")
    with superuser_connection.transaction(force_rollback=True), superuser_connection.cursor() as cursor:
        tenant = shop.actor.tenant_id
        cursor.execute(f"SET LOCAL app.tenant_id = '{tenant:d}'")
        cursor.execute("ALTER TABLE stock_batch DISABLE TRIGGER USER")
        cursor.execute("UPDATE stock_batch SET received_at = now() WHERE tenant_id = %s", [tenant])
        [result] = check_tenant(cursor, tenant, ["genesis"])
    assert (result.found, len(result.offending), result.examined) == (25, 20, 25)
    assert set(result.offending[0]) == {"batch_id", "batch_number", "expiry_date", "unit_cost", "stored"}


def test_one_business_does_not_see_another(shop: Shop, make_business: Callable[[], NewTenant]) -> None:
    shop.receive(shop.variation(), 5)
    other = make_business()
    # Inside another's scope the question itself is refused, not answered with nothing.
    with pytest.raises(RuntimeError, match="cannot change inside an open transaction"), transaction.atomic():
        run_checks(other.tenant.pk)


# --- the command ------------------------------------------------------------------------------------------------------


def told(*arguments: str) -> str:
    out = io.StringIO()
    call_command("check", *arguments, stdout=out, stderr=io.StringIO(), no_color=True)
    return out.getvalue()


def test_the_command_shows_each_check(shop: Shop) -> None:
    shop.receive(shop.variation(), 5)
    printed = told("--tenant", str(shop.actor.tenant_id))
    assert f"Corner Pharmacy (business {shop.actor.tenant_id})" in printed
    assert [line.split()[0] for line in printed.splitlines() if " ok " in line] == list(check_names())
    assert printed.startswith("System check identified no issues")


def test_the_command_speaks_to_programs(shop: Shop) -> None:
    shop.receive(shop.variation(), 5)
    [result] = json.loads(told("--tenant", str(shop.actor.tenant_id), "--only", "balances", "--json"))
    assert (result["tenant_id"], result["name"], result["ok"], result["examined"]) == (
        shop.actor.tenant_id, "balances", True, 1,
    )  # fmt: skip
    assert set(result) == {"tenant_id", "ok", *asdict(CheckResult("", "", 0, [], 0, 0.0))}


@pytest.mark.tampers_with_ledger
def test_the_command_fails_and_shows_where(shop: Shop, superuser_connection: psycopg.Connection) -> None:
    batch = shop.receive(shop.variation(), 5)
    with superuser_connection.transaction():
        superuser_connection.execute("ALTER TABLE stock_batch DISABLE TRIGGER guard_write")
        superuser_connection.execute("UPDATE stock_batch SET batch_number = 'forged' WHERE id = %s", [batch])
        superuser_connection.execute("ALTER TABLE stock_batch ENABLE ALWAYS TRIGGER guard_write")
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"^2 checks failed\. Nothing was changed\.$"):
        call_command("check", "--tenant", str(shop.actor.tenant_id), stdout=out, no_color=True)
    failed = [line.split()[0] for line in out.getvalue().splitlines() if " FAILED " in line]
    assert failed == ["answers", "genesis"]
    assert f"batch_id {batch}, batch_number forged" in out.getvalue()


def test_the_command_knows_its_checks_and_businesses(business: NewTenant) -> None:
    with pytest.raises(CommandError, match=r"No check is called weather\. There are: actors, "):
        told("--only", "weather")
    with pytest.raises(CommandError, match=r"There is no business 999999999\."):
        told("--tenant", "999999999")


def test_a_part_of_the_settings_is_checked_without_the_ledger() -> None:
    assert told("--tag", "models").splitlines() == ["System check identified no issues (0 silenced)."]
