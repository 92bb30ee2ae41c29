"""A backup holds everything, and a drill shows that it can be restored."""

from __future__ import annotations

import json
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.config.test_up import PATIENCE_SECONDS, Installation

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("product")]


@pytest.fixture(scope="module")
def demo_shop() -> Iterator[Installation]:
    """An installation with a shop in which something has happened; each test backs it up into a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="lk-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        made = Installation(Path(folder) / "home")
        assert made.command("migrate", "--verbosity", "0").returncode == 0
        assert made.command("demo", "--weeks", "1").returncode == 0
        yield made


def test_what_is_backed_up_restores_and_holds(demo_shop: Installation, tmp_path: Path) -> None:
    backed_up = demo_shop.command("backup", "--folder", str(tmp_path))
    assert (backed_up.returncode, backed_up.stderr) == (0, "")
    [made] = tmp_path.iterdir()
    manifest = json.loads((made / "manifest.json").read_text())
    [business] = manifest["businesses"]
    lines = int(demo_shop.ask("SELECT count(*) FROM stock_movement"))
    assert business["lines"] == lines
    assert {"database.dump", "secret-key", "journal/tenant-1.jsonl", "journal/public-key.pem"} <= set(manifest["files"])
    assert "journal-key.pem" not in {path.name for path in made.rglob("*")}
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert (made / "secret-key").read_text() == (demo_shop.home / "secret-key").read_text()

    drilled = demo_shop.command("drill", "--folder", str(tmp_path))

    assert (drilled.returncode, drilled.stderr) == (0, "")
    assert "0 minutes old, restored in" in drilled.stdout
    assert f"1 businesses, {lines:,} ledger lines." in drilled.stdout
    assert "Everything in it holds" in drilled.stdout
    assert demo_shop.ask("SELECT datname FROM pg_database WHERE datname LIKE 'lotkeeper_%'") == ""


def test_a_backup_that_was_changed_does_not_pass_the_drill(demo_shop: Installation, tmp_path: Path) -> None:
    assert demo_shop.command("drill", "--folder", str(tmp_path)).stderr.startswith("there is no backup in ")
    demo_shop.command("backup", "--folder", str(tmp_path))
    [made] = tmp_path.iterdir()
    dump = made / "database.dump"
    changed = bytearray(dump.read_bytes())
    changed[len(changed) // 2] ^= 1
    dump.write_bytes(changed)

    drilled = demo_shop.command("drill", "--folder", str(tmp_path))

    assert (drilled.returncode, drilled.stdout) == (1, "")
    assert "its files do not fit its manifest" in drilled.stderr


def test_a_business_whose_journal_was_cut_off_is_not_backed_up(demo_shop: Installation, tmp_path: Path) -> None:
    assert demo_shop.command("journal", "export").returncode == 0
    journal = demo_shop.home / "journal" / "tenant-1.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(b"")

    backed_up = demo_shop.command("backup", "--folder", str(tmp_path))
    checked = demo_shop.command("check", "--only", "journal")

    journal.write_bytes(whole)
    assert (backed_up.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "it was cut off or changed" in backed_up.stderr
    assert checked.returncode == 1
    assert "Every batch still holds the line that the last checkpoint" in checked.stdout
    assert demo_shop.command("check", "--only", "journal").returncode == 0


def checkpoints(installation: Installation) -> int:
    journal = installation.home / "journal" / "tenant-1.jsonl"
    records = map(json.loads, journal.read_bytes().splitlines()) if journal.exists() else ()
    return sum(record["record"] == "checkpoint" for record in records)


def test_the_hourly_job_and_stopping_each_end_with_a_checkpoint(demo_shop: Installation) -> None:
    before = checkpoints(demo_shop)
    job = "from lotkeeper.stock.tasks import export_every_journal; export_every_journal(timestamp=0)"
    assert demo_shop.command("shell", "-c", job).returncode == 0
    assert checkpoints(demo_shop) == before + 1

    with demo_shop.up() as running:
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(PATIENCE_SECONDS) == 0

    assert checkpoints(demo_shop) == before + 2
    demo_shop.wait_until_gone()
