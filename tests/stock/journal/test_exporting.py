"""What is committed comes into the journal: all of it, once, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from tests.stock.conftest import Shop
from tests.stock.journal.conftest import NOON, BusyShop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock import verifier
from lotkeeper.stock.journal import (
    Exported,
    JournalContradicted,
    JournalDamaged,
    JournalPlace,
    JournalRefused,
    export_journal,
    export_journals,
    verify_tenant,
)
from lotkeeper.stock.models import StockMovement
from lotkeeper.stock.operations import release_reservation


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(raw) for raw in path.read_bytes().splitlines()]


def kinds(path: Path) -> Counter[str]:
    return Counter(record["record"] for record in records(path))


def lines_in(path: Path) -> list[tuple[int, int, str]]:
    return sorted((each["batch"], each["version"], each["hash"]) for each in records(path) if each["record"] == "line")


def lines_of(tenant_id: int) -> list[tuple[int, int, str]]:
    with tenant_scope(tenant_id), transaction.atomic():
        lines = StockMovement.objects.order_by("batch_id", "version").values_list("batch_id", "version", "hash")
        return [(batch_id, version, bytes(hashed).hex()) for batch_id, version, hashed in lines]


def test_everything_is_told_once(busy: BusyShop) -> None:
    first = busy.export()

    assert first == Exported(busy.tenant_id, operations=12, lines=9, counts=2, checkpoint=1)
    assert kinds(busy.path) == {
        "journal": 1, "row": 6, "batch": 3, "operation": 12, "line": 9, "count": 2, "reservation": 3, "closed": 2,
        "checkpoint": 1,
    }  # fmt: skip
    assert lines_in(busy.path) == lines_of(busy.tenant_id)
    report = verify_tenant(busy.tenant_id, busy.place)
    assert (report.ok, report.findings, report.signatures_checked) == (True, [], True)


def test_the_next_export_adds_what_is_new_and_nothing_else(busy: BusyShop) -> None:
    busy.export()
    before = busy.path.read_bytes()
    busy.shop.sell(busy.item, 1)
    busy.shop.receive(busy.item, 2, "C")
    [open_promise] = [each["reservation"] for each in records(busy.path) if each["record"] == "reservation"][:1]
    release_reservation(actor=busy.shop.actor, reservation_id=open_promise)
    with transaction.atomic():
        busy.item.product.name = "Another name"
        busy.item.product.save()

    second, third = busy.export(), busy.export()

    assert second == Exported(busy.tenant_id, operations=2, lines=2, counts=0, checkpoint=2)
    assert third == Exported(busy.tenant_id, operations=0, lines=0, counts=0, checkpoint=3)
    after = busy.path.read_bytes()
    assert after.startswith(before)
    added = [json.loads(raw) for raw in after[len(before) :].splitlines()]
    assert [each["record"] for each in added] == [
        "row", "batch", "operation", "line", "operation", "line", "closed", "checkpoint", "checkpoint",
    ]  # fmt: skip
    assert added[0]["row"]["name"] == "Another name"
    assert lines_in(busy.path) == lines_of(busy.tenant_id)
    assert verify_tenant(busy.tenant_id, busy.place).ok


def test_nobody_who_holds_a_journal_learns_a_password_or_a_token(busy: BusyShop) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_user SET password = 'hashed-secret' WHERE id = %s", [busy.shop.actor.user_id])
    busy.export()

    [person] = [each for each in records(busy.path) if each.get("table") == "accounts_user"]
    assert (person["row"]["name"], person["row"]["password"]) == ("Olu Owner", "")
    assert b"hashed-secret" not in busy.path.read_bytes()


def test_the_private_key_is_its_owners_and_made_once(busy: BusyShop) -> None:
    busy.export()
    made = busy.place.key_file.read_bytes()
    busy.export()

    assert busy.place.key_file.read_bytes() == made
    assert stat.S_IMODE(busy.place.key_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(busy.path.stat().st_mode) == 0o600
    assert busy.place.public_key_file.read_bytes() == busy.place.public_key()
    assert list(busy.place.folder.glob("*PRIVATE*")) == []


@pytest.mark.parametrize("torn", [b"", b"{", b'{"record":"operation","operation":1}\n{"recor', b'{"at":"2027'])
def test_what_an_interrupted_export_left_is_cut_off_and_told_again(busy: BusyShop, torn: bytes) -> None:
    busy.export()
    whole = busy.path.read_bytes()
    busy.path.write_bytes(whole + torn)
    busy.shop.sell(busy.item, 1)

    assert verifier.verify_journal(busy.path).ok is (torn == b"")
    done = busy.export()

    assert done == Exported(busy.tenant_id, operations=1, lines=1, counts=0, checkpoint=2)
    assert busy.path.read_bytes().startswith(whole)
    assert lines_in(busy.path) == lines_of(busy.tenant_id)
    assert verify_tenant(busy.tenant_id, busy.place).ok


def test_a_lost_state_is_made_anew_from_the_journal(busy: BusyShop) -> None:
    busy.export()
    state = busy.path.with_suffix(".state")
    kept = state.read_bytes()
    busy.shop.sell(busy.item, 1)
    busy.export()

    for content in (None, b"", b"{}\n", kept, state.read_bytes().replace(b'["head",', b'["head","x')):
        state.unlink()
        if content is not None:
            state.write_bytes(content)
        assert busy.export().lines == 0
        assert lines_in(busy.path) == lines_of(busy.tenant_id)
        assert verify_tenant(busy.tenant_id, busy.place).ok


@pytest.mark.parametrize(
    ("lose_state", "damage"),
    [
        (False, lambda first, whole: first),
        (False, lambda first, whole: b""),
        (True, lambda first, whole: whole.replace(b"wrong till", b"wrong tall")),
        (True, lambda first, whole: whole.replace(b'"number":1,', b'"number":1')),
        (True, lambda first, whole: whole[:200] + whole[300:]),
    ],
    ids=["cut off", "emptied", "a text changed", "a checkpoint broken", "a part missing"],
)
def test_a_journal_that_was_cut_off_or_changed_is_not_added_to(
    busy: BusyShop, damage: Callable[[bytes, bytes], bytes], lose_state: bool
) -> None:
    busy.export()
    first = busy.path.read_bytes()
    busy.shop.sell(busy.item, 1)
    busy.export()
    damaged = damage(first, busy.path.read_bytes())
    busy.path.write_bytes(damaged)
    if lose_state:
        # With it at hand, only what is new is read.
        busy.path.with_suffix(".state").unlink()

    with pytest.raises(JournalDamaged):
        busy.export()

    assert busy.path.read_bytes() == damaged


@pytest.mark.tampers_with_ledger
def test_a_ledger_that_went_back_is_not_exported(busy: BusyShop, superuser_connection: psycopg.Connection) -> None:
    busy.export()
    whole = busy.path.read_bytes()
    with superuser_connection.transaction():
        superuser_connection.execute("SET LOCAL session_replication_role = replica")
        superuser_connection.execute("ALTER TABLE stock_operation DISABLE TRIGGER USER")
        superuser_connection.execute(
            "UPDATE stock_operation SET reason = 'x' WHERE tenant_id = %s AND kind = 'reservation'", [busy.tenant_id]
        )
        for trigger in ("guard_write", "guard_truncate"):
            superuser_connection.execute(f"ALTER TABLE stock_operation ENABLE ALWAYS TRIGGER {trigger}")

    with pytest.raises(JournalContradicted) as refused:
        busy.export()

    assert len(refused.value.found) == 3
    assert busy.path.read_bytes() == whole


def export_in_a_process(tenant_id: int, place: JournalPlace) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "LOTKEEPER_JOURNAL_FOLDER": str(place.folder),
        "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "django", "journal", "export", "--tenant", str(tenant_id)],
        env=environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def test_killed_at_any_moment_nothing_is_lost_and_nothing_told_twice(busy: BusyShop) -> None:
    for number in range(300):
        busy.shop.receive(busy.item, 1, f"N{number}")
    wanted = lines_of(busy.tenant_id)
    killed = 0
    for turn in range(6):
        process = export_in_a_process(busy.tenant_id, busy.place)
        size = 40_000 * turn
        while process.poll() is None and not (busy.path.exists() and busy.path.stat().st_size > size):
            pass
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if process.returncode == 0:
            break
    assert export_in_a_process(busy.tenant_id, busy.place).wait() == 0

    assert killed > 0
    assert lines_in(busy.path) == wanted
    report = verifier.verify_journal(busy.path, busy.place.public_key_file.read_bytes())
    assert (report.findings, report.lines) == ([], len(wanted))


def test_two_exports_at_once_wait_for_each_other(busy: BusyShop) -> None:
    both = [export_in_a_process(busy.tenant_id, busy.place) for _ in range(2)]

    assert [process.wait() for process in both] == [0, 0]
    assert lines_in(busy.path) == lines_of(busy.tenant_id)
    assert verifier.verify_journal(busy.path, busy.place.public_key_file.read_bytes()).findings == []
    assert kinds(busy.path)["checkpoint"] == 2


def test_exporting_while_tills_sell_loses_nothing_and_tells_nothing_twice(shop: Shop, place: JournalPlace) -> None:
    items = [shop.variation() for _ in range(4)]
    for item in items:
        shop.receive(item, 1_000_000)
    tenant_id = shop.actor.tenant_id
    stopped = threading.Event()

    def till(number: int) -> None:
        try:
            with tenant_scope(tenant_id):
                while not stopped.is_set():
                    shop.sell(items[number % 4], 1)
        finally:
            connection.close()

    tills = [threading.Thread(target=till, args=[number]) for number in range(8)]
    for thread in tills:
        thread.start()
    done = [export_journal(tenant_id, place=place, now=NOON) for _ in range(30)]
    stopped.set()
    for thread in tills:
        thread.join()
    last = export_journal(tenant_id, place=place, now=NOON)

    told = lines_in(place.journal(tenant_id))
    assert told == lines_of(tenant_id)
    assert len(told) == sum(each.lines for each in [*done, last])
    assert sum(each.lines > 0 for each in done) > 5
    assert verify_tenant(tenant_id, place).findings == []


def test_what_is_wrong_with_one_business_keeps_no_other_back(
    busy: BusyShop, make_business: Callable[[], NewTenant]
) -> None:
    other = make_business().tenant.pk
    busy.export()
    busy.path.write_bytes(b"")
    exporting = export_journals([busy.tenant_id, other], place=busy.place, now=NOON)

    assert next(exporting) == Exported(other, operations=0, lines=0, counts=0, checkpoint=1)
    with pytest.raises(JournalRefused, match="had 1 checkpoints and has 0"):
        next(exporting)
