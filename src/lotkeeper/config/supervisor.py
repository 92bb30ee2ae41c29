"""Keeping the server and the worker alive, and leaving nothing behind.

Every child leads a process group of its own, so that whatever it started goes when it goes. A child that dies is
started again; one that keeps dying stops everything, since a loop of failing starts helps nobody.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from lotkeeper.config.processes import end_with_parent

LOOK_SECONDS = 0.25
STOP_SECONDS = 15
# What lost its database has nothing left to finish.
STRANDED_SECONDS = 2
MOST_RESTARTS = 5
RESTARTS_WITHIN_SECONDS = 60


class KeepsDying(RuntimeError):
    """A part of the product died again and again."""


@dataclass
class Child:
    """One process of the product, restarted as long as that helps."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _restarts: deque[float] = field(default_factory=deque, init=False, repr=False)

    def start(self) -> None:
        """Start the process, in a group of its own."""
        self._process = subprocess.Popen(
            self.command,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509  # one thread only
        )

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process is not None and self._process.poll() is None

    def restart(self) -> None:
        """Start it again after it died.

        Raises:
            KeepsDying: if that happened too often of late.
        """
        note_restart(self._restarts, self.name)
        self.kill_group()
        self.start()

    def ask_to_stop(self) -> None:
        """Ask it to finish what it is doing."""
        if self._process is not None and self.is_alive():
            self._process.send_signal(signal.SIGTERM)

    def wait_stopped(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for its end, and make an end of it when it takes too long."""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
            self.kill_group()

    def kill_group(self) -> None:
        """End whatever is left of it and of what it started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def note_restart(restarts: deque[float], name: str) -> None:
    """Count a restart.

    Raises:
        KeepsDying: if there were too many of late.
    """
    now = time.monotonic()
    restarts.append(now)
    while restarts and restarts[0] < now - RESTARTS_WITHIN_SECONDS:
        restarts.popleft()
    if len(restarts) > MOST_RESTARTS:
        message = f"{name} died {len(restarts)} times within {RESTARTS_WITHIN_SECONDS} seconds"
        raise KeepsDying(message)


def stop_all(children: Sequence[Child]) -> None:
    """Stop all of them, at the same time."""
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.wait_stopped()


def watch(
    children: Sequence[Child],
    *,
    database_is_alive: Callable[[], bool],
    restart_database: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Keep everything running until this process is told to stop.

    When the database had to be restarted, so is everything that was connected to it.
    """
    database_restarts: deque[float] = deque()
    while True:
        if not database_is_alive():
            note_restart(database_restarts, "PostgreSQL")
            say("PostgreSQL stopped; starting it again.")
            for child in children:
                child.ask_to_stop()
            restart_database()
            for child in children:
                child.wait_stopped(STRANDED_SECONDS)
            for child in children:
                child.start()
        for child in children:
            if not child.is_alive():
                say(f"The {child.name} stopped; starting it again.")
                child.restart()
        time.sleep(LOOK_SECONDS)
