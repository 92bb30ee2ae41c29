"""Room kept for a bad day."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from lotkeeper.config.database.ballast import AMPLE_BYTES, BALLAST_BYTES, keep_ballast

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024  # as shutil has it


def free(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(room, 0, room))


def test_ballast_is_laid_down_while_there_is_room_and_given_up_when_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ballast = tmp_path / "ballast"
    free(monkeypatch, AMPLE_BYTES)
    keep_ballast(tmp_path)
    assert not ballast.exists()  # It would only bring the trouble nearer.

    free(monkeypatch, AMPLE_BYTES + 1)
    keep_ballast(tmp_path)
    assert ballast.stat().st_size == BALLAST_BYTES
    assert ballast.stat().st_blocks * 512 >= BALLAST_BYTES  # Room that is really taken.

    free(monkeypatch, BALLAST_BYTES)
    keep_ballast(tmp_path)
    assert ballast.exists()

    free(monkeypatch, BALLAST_BYTES - 1)
    keep_ballast(tmp_path)
    assert not ballast.exists()
