"""The real product, started as a shop starts it, and hurt as life hurts it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE_SECONDS = 60

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("product")]


class Installation:
    """One installation in a folder of its own, on a port of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        withheld = {"DATABASE_URL", "DATABASE_OWNER_URL", "LOTKEEPER_SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
        self.environment = {name: value for name, value in os.environ.items() if name not in withheld}
        self.environment |= {"LOTKEEPER_HOME": str(home), "LOTKEEPER_PORT": str(self.port)}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lotkeeper.config.cli", *words],
            env=self.environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS,
        )  # fmt: skip

    def ask(self, question: str) -> str:
        answer = self.command("psql", "--superuser", "-Atc", question)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()

    @contextmanager
    def up(self) -> Iterator[Running]:
        with (self.home.parent / "output").open("w+") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "lotkeeper.config.cli", "up"],
                env=self.environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            running = Running(self, process)
            try:
                running.wait_for("Press Ctrl-C to stop.")
                yield running
            finally:
                process.kill()
                process.wait()

    def processes(self) -> dict[int, str]:
        """Every process of this installation, with its command line; zombies are gone already."""
        mark = f"LOTKEEPER_HOME={self.home}\0".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    if mark in (folder / "environ").read_bytes():
                        found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
                except OSError:
                    continue
        return found

    def wait_until_gone(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == {}


class Running:
    def __init__(self, installation: Installation, process: subprocess.Popen[bytes]) -> None:
        self.installation = installation
        self.process = process

    def said(self) -> str:
        return (self.installation.home.parent / "output").read_text()

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while words not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.02)

    def status(self, path: str = "/healthz") -> int:
        try:
            with urllib.request.urlopen(self.installation.address + path, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            return refusal.code

    def wait_for_page(self, path: str = "/accounts/login/") -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        status = 0
        while status != 200:
            assert time.monotonic() < deadline, f"{status}: {self.said()}"
            try:
                status = self.status(path)
            except OSError:
                time.sleep(0.05)

    def pids(self, *words: str) -> list[int]:
        return sorted(pid for pid, line in self.installation.processes().items() if all(word in line for word in words))

    def stop(self, with_signal: signal.Signals) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory(prefix="lk-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # The server's account has to walk through.
        made = Installation(Path(folder) / "home")
        yield made
        for pid in made.processes():
            os.kill(pid, signal.SIGKILL)


def test_a_new_installation_offers_its_set_up_page_and_leaves_nothing_behind(home: Path) -> None:
    installation = Installation(home)
    with installation.up() as running:
        link = re.search(r"Make your shop at (http://\S+) ", running.said())
        assert link is not None, running.said()
        assert link[1].startswith(f"{installation.address}/setup/")
        assert running.status("/healthz") == 200
        assert running.status(link[1].removeprefix(installation.address)) == 200
        # The self-check found nothing to say about the server that we run ourselves.
        assert "refused:" not in running.said()
        assert "warning:" not in running.said()
        assert "The database is kept in" not in running.said()  # It is where one would look.
        socket_folder = (home / "postgres").resolve() / "socket"
        assert socket_folder.stat().st_mode & 0o777 == 0o700
        assert (home / "secret-key").stat().st_mode & 0o777 == 0o600
        assert running.stop(signal.SIGTERM) == 0
    installation.wait_until_gone()


def test_ctrl_c_stops_everything(installation: Installation) -> None:
    with installation.up() as running:
        assert running.stop(signal.SIGINT) == 0
        assert running.said().endswith("Stopped.\n")
    installation.wait_until_gone()


def test_whatever_is_killed_comes_back(installation: Installation) -> None:
    with installation.up() as running:
        [postgres] = running.pids("postgres -D")
        os.kill(postgres, signal.SIGKILL)
        running.wait_for("PostgreSQL stopped; starting it again.")
        running.wait_for_page()
        [again] = running.pids("postgres -D")
        assert again != postgres

        [worker] = running.pids("procrastinate worker")
        os.kill(worker, signal.SIGKILL)
        running.wait_for("The worker stopped; starting it again.")

        server, *web_workers = running.pids("granian")
        for web_worker in web_workers:
            os.kill(web_worker, signal.SIGKILL)
        running.wait_for_page()

        [server] = [pid for pid in running.pids("granian") if pid == server]
        os.kill(server, signal.SIGKILL)
        running.wait_for("The web server stopped; starting it again.")
        running.wait_for_page()
        assert running.process.poll() is None
        assert running.stop(signal.SIGTERM) == 0
    installation.wait_until_gone()


def test_when_it_is_killed_itself_nothing_stays_and_the_next_start_works(installation: Installation) -> None:
    with installation.up() as running:
        running.process.kill()
        running.process.wait()
        installation.wait_until_gone()
    with installation.up() as running:
        for pid in installation.processes():  # As when the power goes: everything at once.
            os.kill(pid, signal.SIGKILL)
        installation.wait_until_gone()
    with installation.up() as running:
        assert running.status() == 200
        second = installation.command("up", "--port", "1")
        assert second.returncode == 1
        assert second.stderr == f"Lotkeeper is already running on {installation.home}.\n"
        assert running.stop(signal.SIGTERM) == 0
    installation.wait_until_gone()


def test_a_port_in_use_is_said_plainly(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", installation.port))
        taken.listen()
        refused = installation.command("up")
    assert refused.returncode == 1
    assert refused.stderr == (
        f"127.0.0.1:{installation.port} cannot be used (Address already in use); choose another with --port.\n"
    )
    installation.wait_until_gone()


def test_commands_start_the_database_and_stop_it_again(installation: Installation) -> None:
    assert installation.command("db", "status").returncode == 3
    assert installation.ask("SELECT current_user") == "postgres"
    installation.wait_until_gone()

    assert installation.command("db", "start").returncode == 0
    assert installation.ask("SELECT 1") == "1"
    assert installation.command("db", "status").returncode == 0
    assert installation.command("db", "stop").returncode == 0
    installation.wait_until_gone()


def test_the_last_command_out_stops_the_database(installation: Installation) -> None:
    slow = subprocess.Popen(
        [sys.executable, "-m", "lotkeeper.config.cli", "psql", "-Atc", "SELECT pg_sleep(4), 'done'"],
        env=installation.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(1.5)
    assert installation.ask("SELECT 'quick'") == "quick"
    assert slow.communicate()[0].strip() == "|done"
    installation.wait_until_gone()


def test_the_server_is_durable_and_says_when_it_is_not(installation: Installation) -> None:
    asked = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name = ANY (ARRAY["
    settings = ["data_checksums", "fsync", "full_page_writes", "jit", "listen_addresses", "synchronous_commit"]
    assert installation.ask(asked + ", ".join(f"'{name}'" for name in settings) + "])") == "on on on off  on"
    installation.ask("ALTER SYSTEM SET fsync = off")
    try:
        refused = installation.command("up")
        assert refused.returncode == 1
        assert "refused: fsync is off" in refused.stdout
        installation.wait_until_gone()
    finally:
        installation.ask("ALTER SYSTEM RESET fsync")
