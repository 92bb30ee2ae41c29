"""A part that dies is started again, and one that keeps dying is given up."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque

import pytest

from lotkeeper.config import supervisor
from lotkeeper.config.supervisor import Child, KeepsDying, note_restart, stop_all, watch

SLEEPS = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"


def test_what_keeps_dying_stops_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.01)
    child = Child("worker", ["false"], os.environ)
    child.start()
    said: list[str] = []
    with pytest.raises(KeepsDying, match="worker died 6 times within 60 seconds"):
        watch([child], database_is_alive=lambda: True, restart_database=lambda: None, say=said.append)
    assert said == ["The worker stopped; starting it again."] * 6


def test_deaths_of_long_ago_do_not_count() -> None:
    long_ago = time.monotonic() - supervisor.RESTARTS_WITHIN_SECONDS - 1
    restarts = deque([long_ago] * 50)
    note_restart(restarts, "worker")
    assert len(restarts) == 1


def test_a_child_takes_along_what_it_started() -> None:
    starts_another = f"import subprocess; p = subprocess.Popen({SLEEPS!r}); print(p.pid, flush=True); p.wait()"
    read_end, write_end = os.pipe()
    saved = os.dup(1)
    os.dup2(write_end, 1)
    child = Child("web server", [sys.executable, "-c", starts_another], os.environ)
    try:
        child.start()
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(write_end)
    with os.fdopen(read_end) as output:
        assert int(output.readline()) > 0
        stop_all([child])
        assert output.read() == ""  # Nobody holds the other end any more.
    assert not child.is_alive()


def test_a_child_that_will_not_stop_is_stopped() -> None:
    child = Child("worker", [sys.executable, "-c", STUBBORN], os.environ)
    child.start()
    time.sleep(0.5)
    child.ask_to_stop()
    child.wait_stopped(0.2)
    assert not child.is_alive()


def test_when_the_database_comes_back_everything_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.01)
    child = Child("worker", SLEEPS, os.environ)
    child.start()
    before = child._process
    answers = iter([False, True])
    restarted: list[bool] = []

    def alive() -> bool:
        try:
            return next(answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    try:
        with pytest.raises(KeyboardInterrupt):
            watch([child], database_is_alive=alive, restart_database=lambda: restarted.append(True), say=lambda _: None)
        assert restarted == [True]
        assert child._process is not before
        assert child.is_alive()
        assert before is not None
        assert before.returncode == -signal.SIGTERM
    finally:
        child.kill_group()
