"""Lotkeeper's own PostgreSQL: started, watched and stopped by us, reachable on this machine alone.

The server listens on a Unix socket in a folder only its account (and root) may enter, and nowhere else. Within that
folder every role is trusted: whoever can reach the socket can read the files beside it anyway, so a password kept in
a third file of the same owner would add nothing. What keeps the web process from more than its rights is that it
connects as a role that has no more (``roles.py``).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lotkeeper.config.database.ballast import keep_ballast
from lotkeeper.config.database.binaries import find_binaries, major_version
from lotkeeper.config.database.location import reachable_binaries, server_account
from lotkeeper.config.database.server_settings import DURABLE, server_settings
from lotkeeper.config.processes import end_with_parent

SOCKET_PORT = 5432
# A socket's whole path may have some 107 bytes; its name takes 15 of them.
LONGEST_SOCKET_DIRECTORY = 85
# After a kill -9 the first attempts are refused: a stale pid, orphans still holding the shared memory.
START_ATTEMPTS_SECONDS = 30
# Replaying the log after a crash takes as long as it takes; this is for a server that hangs.
READY_SECONDS = 300
STOP_SECONDS = 30
LARGEST_LOG_BYTES = 10 * 1024 * 1024
BUILTIN_LOCALE_MAJOR = 17


class ServerDidNotStart(RuntimeError):
    """The embedded PostgreSQL could not be started; the message ends with what it said."""


def socket_directory(directory: Path) -> Path:
    """The folder of the socket: beside the data, or a short one when the path would be too long for a socket."""
    beside = directory / "socket"
    if len(os.fsencode(beside)) <= LONGEST_SOCKET_DIRECTORY:
        return beside
    return Path("/tmp") / f"lotkeeper-{hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]}"  # noqa: S108  # private


@dataclass
class EmbeddedServer:
    """One PostgreSQL in one folder."""

    directory: Path
    durability: Mapping[str, str] = field(default_factory=lambda: DURABLE)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _with_parent: bool = field(default=False, init=False, repr=False)

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def socket(self) -> Path:
        return socket_directory(self.directory)

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def running_pid(self) -> int | None:
        """The server's process, or None when it is not running."""
        if self._process is not None:
            self._process.poll()  # Takes note of its end, or it would stay on as a zombie.
        pid = self._noted_pid()
        return pid if pid is not None and _is_postgres(pid) else None

    def ends_with_us(self) -> bool:
        """Whether this process started the server to end when it does itself."""
        return self._with_parent and self.running_pid() is not None

    def start(self, *, with_parent: bool) -> None:
        """Start the server unless it is running, and wait until it answers.

        Args:
            with_parent: whether the server is to stop when this process dies, however it dies.

        Raises:
            ServerDidNotStart: after half a minute of attempts.
        """
        with self._alone():
            if self.running_pid() is None:
                self._prepare()
                self._start_until(time.monotonic() + START_ATTEMPTS_SECONDS, with_parent=with_parent)
                self._with_parent = with_parent
            elif not self._becomes_ready(self._is_still_running):
                raise ServerDidNotStart(self._said())

    def stop(self) -> None:
        """Stop the server: transactions are rolled back, all is written, and its files are closed."""
        with self._alone():
            for request in (signal.SIGINT, signal.SIGQUIT):
                pid = self.running_pid()
                if pid is None:
                    return
                with suppress(ProcessLookupError):
                    os.kill(pid, request)
                deadline = time.monotonic() + STOP_SECONDS
                while self.running_pid() == pid and time.monotonic() < deadline:
                    time.sleep(0.02)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.directory / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _prepare(self) -> None:
        account = server_account(self.data)
        _private_directory(self.socket, account)
        keep_ballast(self.directory)
        if not self.data.exists():
            self._initialise(account)
        (self.data / "postgresql.conf").write_text(server_settings(self.durability))
        pid = self._noted_pid()
        if pid is not None and not _is_postgres(pid):
            # Left by a crash; in a container the same number soon belongs to another process, and PostgreSQL,
            # which looks at the number only, would refuse for ever.
            (self.data / "postmaster.pid").unlink()
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
            self.log.rename(self.log.with_suffix(".log.1"))

    def _initialise(self, account: pwd.struct_passwd | None) -> None:
        """Make the empty cluster beside its place and move it there, so that an interrupted one never counts."""
        unfinished = self.directory / f"data.{os.getpid()}"
        _private_directory(unfinished, account)
        binaries = reachable_binaries(find_binaries(), account)
        builtin = major_version(binaries) >= BUILTIN_LOCALE_MAJOR
        # PostgreSQL's own rules of order: the system library's change with its version, and indexes break.
        provider = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if builtin else []
        sync = [] if self.durability.get("fsync") == "on" else ["--no-sync"]
        made = subprocess.run(
            [binaries / "initdb", "-D", unfinished, "-U", "postgres", "--auth-local=trust", "--auth-host=reject",
             "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", *provider, *sync],
            capture_output=True, text=True, check=False, cwd="/", **_as_account(account),
        )  # fmt: skip
        if made.returncode != 0:
            raise ServerDidNotStart(made.stderr)
        unfinished.rename(self.data)

    def _start_until(self, deadline: float, *, with_parent: bool) -> None:
        account = server_account(self.data)
        binaries = reachable_binaries(find_binaries(), account)
        found, made = major_version(binaries), int((self.data / "PG_VERSION").read_text())
        if found != made:
            message = (
                f"{self.data} was written by PostgreSQL {made}, and the programs in {binaries} are {found}: "
                f"point LOTKEEPER_POSTGRES_BIN at PostgreSQL {made}, dump, and restore into a new folder"
            )
            raise ServerDidNotStart(message)
        command: list[str | Path] = [binaries / "postgres", "-D", self.data, "-k", self.socket, "-p", str(SOCKET_PORT)]
        while not self._starts(command, account, with_parent=with_parent):
            if time.monotonic() > deadline:
                raise ServerDidNotStart(self._said())
            time.sleep(0.5)

    def _starts(self, command: list[str | Path], account: pwd.struct_passwd | None, *, with_parent: bool) -> bool:
        with self.log.open("ab") as log:
            process = self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for us; we stop the server last.
                preexec_fn=_stop_with_parent if with_parent else None,  # noqa: PLW1509  # one thread only
                **_as_account(account),
            )
        return self._becomes_ready(lambda: process.poll() is None)

    def _becomes_ready(self, goes_on: Callable[[], bool]) -> bool:
        """Wait for the word "ready" that PostgreSQL writes into its pid file."""
        deadline = time.monotonic() + READY_SECONDS
        while goes_on() and time.monotonic() < deadline:
            lines = self._pid_file()
            pid_is_ours = self._process is None or (lines and lines[0] == str(self._process.pid))
            if pid_is_ours and len(lines) > 7 and lines[7].strip() == "ready":  # noqa: PLR2004  # the file's 8th line
                return True
            time.sleep(0.02)
        return False

    def _is_still_running(self) -> bool:
        return self.running_pid() is not None

    def _noted_pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _said(self) -> str:
        said = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        return f"PostgreSQL in {self.directory} did not start; it said:\n{said}"


def _private_directory(directory: Path, account: pwd.struct_passwd | None) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    if directory.is_symlink() or directory.stat().st_uid not in {0, os.geteuid(), account.pw_uid if account else 0}:
        message = f"{directory} belongs to somebody else"
        raise ServerDidNotStart(message)
    if account is not None:
        os.chown(directory, account.pw_uid, account.pw_gid)
    directory.chmod(0o700)


def _as_account(account: pwd.struct_passwd | None) -> dict[str, Any]:
    return {} if account is None else {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _is_postgres(pid: int) -> bool:
    """Whether the process is a PostgreSQL that still lives; a recycled number and a zombie are not."""
    status = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self/stat").exists():
        return _exists(pid)
    try:
        name, _, rest = status.read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return name == "postgres" and rest.split()[0] not in {"Z", "X"}


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stop_with_parent() -> None:
    # Runs in the child after it has changed its account, which would have cleared the wish.
    end_with_parent(signal.SIGINT)
