"""``lotkeeper up``: the whole product with one command, and all of it gone again with Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from lotkeeper.config.database import home_directory
from lotkeeper.config.database.connection import app_conninfo
from lotkeeper.config.database.embedded import EmbeddedServer
from lotkeeper.config.database.running import database_running
from lotkeeper.config.database.self_check import Severity, self_check
from lotkeeper.config.processes import end_with_parent
from lotkeeper.config.supervisor import Child, stop_all, watch

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAGE_SECONDS = 60
# Whoever shuts the machine down waits this long at most; an hour's sales take a second.
LAST_EXPORT_SECONDS = 30


class CannotStart(RuntimeError):
    """The product cannot be started; the message says why."""


@dataclass(frozen=True)
class Options:
    """How the product is to run."""

    host: str
    port: int
    demo: bool
    workers: int
    threads: int

    @property
    def address(self) -> str:
        """Where to click."""
        return f"http://{self.host}:{self.port}/"


def up(options: Options) -> int:
    """Run everything until told to stop; answers the exit status."""
    home = home_directory()
    home.mkdir(parents=True, exist_ok=True)
    for stop_signal in STOP_SIGNALS:
        signal.signal(stop_signal, signal.default_int_handler)
    try:
        with _only_one(home), _port_is_free(options), database_running(with_parent=True) as server:
            _say_where_the_database_is(home)
            _prepare(home)
            _refuse_unsafe_database()
            _run(options, home, server)
    except KeyboardInterrupt:
        _say("Stopped.")
    return 0


def _say_where_the_database_is(home: Path) -> None:
    place = home / "postgres"
    if place.is_symlink():
        _say(f"The database is kept in {place.resolve()}, since the account PostgreSQL runs as cannot enter {home}.")


def _run(options: Options, home: Path, server: EmbeddedServer | None) -> None:
    environment = _environment(home)
    children = [_web_server(options, environment), _worker(environment)]
    try:
        for child in children:
            child.start()
        greeting = _first_visit(options, environment)
        _wait_for_first_page(options, children[0])
        _say(greeting)
        watch(
            children,
            database_is_alive=lambda: server is None or server.running_pid() is not None,
            restart_database=lambda: server.start(with_parent=True) if server is not None else None,
            say=_say,
        )
    finally:
        # From here on everything is being stopped; a second Ctrl-C must not leave half of it behind.
        for stop_signal in STOP_SIGNALS:
            signal.signal(stop_signal, signal.SIG_IGN)
        stop_all(children)
        if server is None or server.running_pid() is not None:
            _export_journal(environment)


def _export_journal(environment: Mapping[str, str]) -> None:
    """Have a checkpoint vouch for what was committed since the last hourly one, before the machine is out of sight."""
    try:
        exported = subprocess.run(
            [sys.executable, "-m", "django", "journal", "export"],
            env=dict(environment),
            stdout=subprocess.DEVNULL,
            timeout=LAST_EXPORT_SECONDS,
            check=False,
            preexec_fn=end_with_parent,  # one thread only
        )
    except subprocess.TimeoutExpired:
        _say("There was no time to export the journal to its end; the next start goes on with it.")
    else:
        if exported.returncode != 0:
            _say("The journal could not be exported; see above.")


def _environment(home: Path) -> Mapping[str, str]:
    """What the web server and the worker get to know: not the owner's address, which is for migrations alone."""
    withheld = {"DATABASE_OWNER_URL", "LOTKEEPER_DATABASE_ROLE"}
    known = {name: value for name, value in os.environ.items() if name not in withheld}
    return {
        **known,
        "LOTKEEPER_HOME": str(home),
        "LOTKEEPER_SUPERVISED": "1",
        "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings",
    }


def _web_server(options: Options, environment: Mapping[str, str]) -> Child:
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws", "--log-level", "error"),
        *("--host", options.host, "--port", str(options.port), "--workers", str(options.workers)),
        # A thread keeps its database connection; the longest idle time there is keeps the thread.
        *("--blocking-threads", str(options.threads), "--blocking-threads-idle-timeout", "600"),
        *("--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "5"),
        "lotkeeper.config.wsgi:application",
    ]
    return Child("web server", command, environment)


def _worker(environment: Mapping[str, str]) -> Child:
    name = f"{socket.gethostname()}-{os.getpid()}"
    command = [
        *(sys.executable, "-m", "django", "procrastinate", "worker", "--name", name),
        *("--shutdown-graceful-timeout", "10"),
    ]
    return Child("worker", command, environment)


def _prepare(home: Path) -> None:
    prepared = subprocess.run(
        [sys.executable, "-m", "lotkeeper.config.prepare"], env={**os.environ, "LOTKEEPER_HOME": str(home)}, check=False
    )
    if prepared.returncode != 0:
        message = "The database could not be brought up to this version; see above."
        raise CannotStart(message)


def _refuse_unsafe_database() -> None:
    accepted = os.environ.get("LOTKEEPER_ACCEPTED_FINDINGS", "").replace(",", " ").split()
    with psycopg.connect(app_conninfo(), autocommit=True) as connection:
        findings = self_check(connection, accepted)
    for finding in findings:
        _say(str(finding))
    if any(finding.severity is Severity.REFUSE for finding in findings):
        message = "This database is not safe to keep stock in; see above. LOTKEEPER_ACCEPTED_FINDINGS accepts a code."
        raise CannotStart(message)


def _first_visit(options: Options, environment: Mapping[str, str]) -> str:
    """Where to click; for an empty installation the demonstration shop is made, or a set-up link.

    Whoever asked for the demonstration shop is told of its logins at every start.
    """
    closing = "Press Ctrl-C to stop."
    running = f"Lotkeeper is running at {options.address}"
    if not options.demo and _has_tenant():
        return f"{running}\n{closing}"
    made = subprocess.run(
        [sys.executable, "-m", "lotkeeper.config.first_visit", "demo" if options.demo else "link", options.address],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        message = "The first shop could not be prepared; see above."
        raise CannotStart(message)
    told = made.stdout.strip()
    if told.startswith("/"):
        told = f"Make your shop at {options.address.rstrip('/')}{told} (works once, for a day)."
    return f"{running}\n{told}\n{closing}"


def _has_tenant() -> bool:
    with psycopg.connect(app_conninfo(), autocommit=True) as connection:
        return connection.execute("SELECT FROM accounts_tenant LIMIT 1").fetchone() is not None


def _wait_for_first_page(options: Options, web_server: Child) -> None:
    deadline = time.monotonic() + FIRST_PAGE_SECONDS
    while time.monotonic() < deadline:
        if not web_server.is_alive():
            break
        try:
            with urllib.request.urlopen(f"{options.address}healthz", timeout=5):  # noqa: S310  # our own http address
                return
        except urllib.error.HTTPError:
            return  # It answers; what it answers is not for us to judge.
        except OSError:
            time.sleep(0.05)
    message = "The web server does not answer; see above."
    raise CannotStart(message)


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    with (home / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Lotkeeper is already running on {home}."
            raise CannotStart(message) from None
        yield


@contextmanager
def _port_is_free(options: Options) -> Iterator[None]:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((options.host, options.port))
        except OSError as error:
            message = f"{options.host}:{options.port} cannot be used ({error.strerror}); choose another with --port."
            raise CannotStart(message) from None
    yield


def _say(sentence: str) -> None:
    print(sentence, flush=True)  # noqa: T201  # the terminal is this command's page
