"""A backup holds everything, and a drill shows that it can be restored."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from tests.config.test_up import Installation

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("product")]


@pytest.fixture
def demo_shop(home: Path) -> Installation:
    """An installation with a shop in which something has happened; its database is not running."""
    made = Installation(home)
    assert made.command("migrate", "--verbosity", "0").returncode == 0
    assert made.command("demo", "--weeks", "2").returncode == 0
    return made


def backups(installation: Installation) -> list[Path]:
    return sorted((installation.home / "backups").iterdir())


def test_what_is_backed_up_restores_and_holds(demo_shop: Installation) -> None:
    backed_up = demo_shop.command("backup")
    assert (backed_up.returncode, backed_up.stderr) == (0, "")
    [made] = backups(demo_shop)
    manifest = json.loads((made / "manifest.json").read_text())
    [business] = manifest["businesses"]
    lines = int(demo_shop.ask("SELECT count(*) FROM stock_movement"))
    assert (business["lines"], business["number"]) == (lines, 1)
    assert {"database.dump", "secret-key", "journal/tenant-1.jsonl", "journal/public-key.pem"} <= set(manifest["files"])
    assert "journal-key.pem" not in {path.name for path in made.rglob("*")}
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert (made / "secret-key").read_text() == (demo_shop.home / "secret-key").read_text()

    drilled = demo_shop.command("drill")

    assert (drilled.returncode, drilled.stderr) == (0, "")
    assert "0 minutes old, restored in" in drilled.stdout
    assert f"1 businesses, {lines:,} ledger lines." in drilled.stdout
    assert "Everything in it holds" in drilled.stdout
    assert demo_shop.ask("SELECT datname FROM pg_database WHERE datname LIKE 'lotkeeper_%'") == ""


def test_a_backup_that_was_changed_does_not_pass_the_drill(demo_shop: Installation) -> None:
    assert demo_shop.command("drill").stderr.startswith("there is no backup in ")
    demo_shop.command("backup")
    [made] = backups(demo_shop)
    dump = made / "database.dump"
    changed = bytearray(dump.read_bytes())
    changed[len(changed) // 2] ^= 1
    dump.write_bytes(changed)

    drilled = demo_shop.command("drill")

    assert (drilled.returncode, drilled.stdout) == (1, "")
    assert "its files do not fit its manifest" in drilled.stderr


def test_a_ledger_that_was_rewritten_replaces_no_backup(demo_shop: Installation) -> None:
    demo_shop.command("backup")
    demo_shop.ask(
        "ALTER TABLE stock_operation DISABLE TRIGGER USER;"
        "ALTER TABLE stock_batch DISABLE TRIGGER USER;"
        "ALTER TABLE stock_movement DISABLE TRIGGER USER;"
        "UPDATE stock_batch b SET version = m.version, quantity = m.balance_after, head_hash = m.hash"
        " FROM stock_movement m WHERE m.batch_id = b.id AND m.version = b.version - 1;"
        "DELETE FROM stock_movement m USING stock_batch b WHERE m.batch_id = b.id AND m.version > b.version"
    )

    again = demo_shop.command("backup")

    assert again.returncode == 1
    assert "contradicts its journal" in again.stderr
    assert len(backups(demo_shop)) == 1
    checked = demo_shop.command("check", "--only", "journal")
    assert checked.returncode == 1
    assert "Every batch still holds the line that the last checkpoint" in checked.stdout
