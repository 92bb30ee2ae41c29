"""Sharing one embedded server between commands: the last one out stops it.

Every process that uses the server holds a shared lock while it does. Whoever leaves and finds nobody else stops the
server, unless ``lotkeeper db start`` asked to keep it. ``lotkeeper up`` alone takes the server it started with it, for
everybody, since it promises to leave nothing behind. A process that is killed leaves its lock with it, so the next
one to come and go puts things right.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lotkeeper.config.database.embedded import EmbeddedServer


@contextmanager
def server_in_use(server: EmbeddedServer, *, with_parent: bool = False) -> Iterator[None]:
    """Have the embedded server running for the work inside."""
    with (server.directory / "use.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            server.start(with_parent=with_parent)
            yield
        finally:
            if server.ends_with_us() or (not is_kept(server) and _is_last(lock)):
                server.stop()


def _is_last(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def keep_running(server: EmbeddedServer) -> None:
    """Start the server and leave it running when this command ends."""
    _mark(server).touch()
    with server_in_use(server):
        pass


def stop_keeping(server: EmbeddedServer) -> bool:
    """Stop the server, or, while others use it, leave that to the last of them; says whether it stopped."""
    _mark(server).unlink(missing_ok=True)
    with (server.directory / "use.lock").open("w") as lock:
        if not _is_last(lock):
            return False
        server.stop()
        return True


def is_kept(server: EmbeddedServer) -> bool:
    """Whether somebody asked for the server to stay on."""
    return _mark(server).exists()


def _mark(server: EmbeddedServer) -> Path:
    return server.directory / "keep-running"
