"""A journal is verified by itself, with nothing of Lotkeeper at hand, and against the database."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from tests.stock.journal.conftest import BusyShop

from lotkeeper.stock import verifier
from lotkeeper.stock.journal import JournalDamaged, check_journal, verify_tenant


def verify_alone(*arguments: str | Path, without: str | None = None) -> subprocess.CompletedProcess[str]:
    """The verifier as a file by itself, in a Python that finds no Lotkeeper."""
    hidden = f"sys.modules[{without!r}] = None; " if without else ""
    start = f"import runpy, sys; {hidden}sys.argv[0] = 'v'; runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-P", "-c", start, *map(str, arguments)],
        env={"PYTHONPATH": ""}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def exported(busy: BusyShop) -> BusyShop:
    """Three exports: each has something of the business."""
    busy.export()
    busy.shop.sell(busy.item, 1)
    busy.export()
    busy.shop.receive(busy.item, 2, "C")
    busy.export()
    return busy


def test_the_verifier_needs_no_lotkeeper(exported: BusyShop, tmp_path: Path) -> None:
    alone = tmp_path / "verifier.py"
    shutil.copy(verifier.__file__, alone)

    said = verify_alone(alone, exported.path, "--public-key", exported.place.public_key_file)

    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.splitlines() == [
        f"{exported.path}: {sentence}"
        for sentence in (
            "14 operations, 11 lines and 2 counts under 3 checkpoints, the last of 2027-03-01T12:00:00.000000+00:00",
            "signatures checked",
            "everything holds",
        )
    ]


def test_without_cryptography_it_says_that_signatures_were_not_checked(exported: BusyShop) -> None:
    said = verify_alone(
        verifier.__file__, exported.path, "--public-key", exported.place.public_key_file, without="cryptography"
    )

    assert said.returncode == 0
    assert "SIGNATURES NOT CHECKED" in said.stdout


def test_each_of_a_hundred_changed_bytes_is_found(exported: BusyShop) -> None:
    whole = exported.path.read_bytes()
    key = exported.place.public_key()
    chance = random.Random(20270301)  # noqa: S311  # which bytes are changed is no secret
    unseen, unseen_without_key = [], []
    for place in chance.sample(range(len(whole)), 100):
        changed = bytearray(whole)
        changed[place] ^= chance.randrange(1, 256)
        exported.path.write_bytes(changed)
        if verifier.verify_journal(exported.path, key).ok:
            unseen.append(place)
        if verifier.verify_journal(exported.path).ok and place < whole.rindex(b'"signature"'):
            unseen_without_key.append(place)
    exported.path.write_bytes(whole)

    assert (unseen, unseen_without_key) == ([], [])
    assert verifier.verify_journal(exported.path, key).ok


def without_line(whole: list[bytes], mark: bytes) -> list[bytes]:
    [first, *_] = [raw for raw in whole if mark in raw]
    return [raw for raw in whole if raw != first]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda whole: [raw.replace(b'"kind":"sale"', b'"kind":"theft"') for raw in whole], "else than its hash"),
        (lambda whole: [raw.replace(b'"number":"B"', b'"number":"C"') for raw in whole], "not born as it says"),
        (lambda whole: [raw.replace(b"wrong till", b"my mistake") for raw in whole], "else than its digest"),
        (lambda whole: without_line(whole, b'"kind":"sale"'), "+1 lines are missing"),
        (lambda whole: without_line(whole, b'"kind":"adjustment"'), "the line before it is missing"),
        (lambda whole: without_line(whole, b'"record":"operation"'), "stands with another"),
        (lambda whole: without_line(whole, b'"record":"batch"'), "cannot be read"),
        (lambda whole: without_line(whole, b'"record":"closed"'), "its records should be"),
        (lambda whole: without_line(whole, b'"number":1,"operations"'), "its number should be 1"),
        (lambda whole: whole[:-1], "records after the last checkpoint"),
        (lambda whole: [*whole[:-1], whole[-1][:-1]], "ends in the middle"),
        (lambda whole: whole[1:], "this is no journal"),
        (lambda whole: [], "this is no journal"),
        (lambda whole: whole[:3], "the journal has no checkpoint"),
        (lambda whole: [*whole, *whole[-1:]], "its number should be 4"),
        (lambda whole: [*whole, whole[0]], "a second journal begins"),
        (lambda whole: [raw.replace(b'"format":1', b'"format":9') for raw in whole], "the form 9"),
    ],
)  # fmt: skip
def test_what_was_done_to_a_journal_is_named(
    exported: BusyShop, change: Callable[[list[bytes]], list[bytes]], finding: str
) -> None:
    whole = exported.path.read_bytes().splitlines(keepends=True)
    exported.path.write_bytes(b"".join(change(whole)))

    report = verifier.verify_journal(exported.path, exported.place.public_key())

    assert [said for said in report.findings if finding in said] != []
    exported.path.write_bytes(b"".join(whole))


def test_a_journal_signed_by_another_key_is_not_ours(exported: BusyShop, tmp_path: Path) -> None:
    exported.place.key_file.unlink()
    exported.place.public_key_file.unlink()

    report = verify_tenant(exported.tenant_id, exported.place)
    [checked] = [check_journal(exported.tenant_id, exported.place)]

    assert report.findings == [f"checkpoint {number}: is not signed with this key" for number in (1, 2, 3)]
    with pytest.raises(JournalDamaged, match="was not signed with"):
        exported.export()
    assert checked is not None
    assert list(checked.offending) == [{"checkpoint": 3, "signed": "not by the key of this installation"}]


def test_a_business_without_a_journal_is_not_checked_against_one(busy: BusyShop) -> None:
    assert check_journal(busy.tenant_id, busy.place) is None


@pytest.mark.tampers_with_ledger
@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE stock_count SET counted = counted + 1, book = book + 1 WHERE tenant_id = {0}", "operation"),
        ("UPDATE stock_operation SET response = response || '{{\"x\": 1}}' WHERE tenant_id = {0}", "operation"),
        ("UPDATE stock_reservation SET expires_at = now() + interval '9 days' WHERE tenant_id = {0}", "operation"),
        ("UPDATE stock_reservation SET status = 'lapsed' WHERE tenant_id = {0}", "closed"),
        ("UPDATE stock_batch SET received_at = now() WHERE tenant_id = {0}", "batch"),
    ],
)
def test_verifying_against_the_database_finds_what_heads_do_not_cover(
    exported: BusyShop, superuser_connection: psycopg.Connection, statement: str, kind: str
) -> None:
    """Counts, answers and promises: told in the journal, but no part of a batch's chain."""
    assert verify_tenant(exported.tenant_id, exported.place).findings == []
    table = statement.split()[1]
    with superuser_connection.transaction():
        triggers = superuser_connection.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled = 'A'", [table]
        ).fetchall()
        superuser_connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        superuser_connection.execute(statement.format(exported.tenant_id))
        for (trigger,) in triggers:
            superuser_connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")

    report = verify_tenant(exported.tenant_id, exported.place)

    assert report.found > 0
    assert {said.rsplit(" ", 2)[-2] for said in report.findings} == {kind}


def test_the_command_verifies_and_tells_the_key(exported: BusyShop) -> None:
    place = exported.place
    said, key = io.StringIO(), io.StringIO()
    with override_settings(JOURNAL_DIRECTORY=place.folder, JOURNAL_KEY_FILE=place.key_file):
        call_command("journal", "verify", stdout=said)
        call_command("journal", "key", stdout=key)

        assert said.getvalue().splitlines()[-1] == f"Business {exported.tenant_id}: everything holds"
        assert key.getvalue().encode() == place.public_key()
        exported.path.write_bytes(exported.path.read_bytes().replace(b"wrong till", b"wrong tall"))
        with pytest.raises(CommandError, match="do not agree"):
            call_command("journal", "verify", stdout=said)
        assert "says something else than its digest" in said.getvalue()
        with pytest.raises(CommandError, match="There is no business 0"):
            call_command("journal", "verify", "--tenant", "0")
