"""Where the installation keeps its files, and which system account may touch the database's.

PostgreSQL refuses to run as root. Started by root, the embedded server therefore runs as an ordinary account that
already exists; rights of folders that are not ours are never changed, so when that account cannot walk to the
installation's own folder (``/root`` is closed), the database's files are kept under ``/var/lib/lotkeeper`` instead.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
from pathlib import Path

PACKAGE_DIRECTORY = Path(__file__).resolve().parents[2]
SYSTEM_DIRECTORY = Path("/var/lib/lotkeeper")
# The account made for PostgreSQL where there is one; every system has the other.
SERVER_ACCOUNTS = ("postgres", "nobody")
NEVER_RUN = shutil.ignore_patterns("include", "*.a")


def home_directory() -> Path:
    """The folder of everything this installation keeps: database, key, images.

    ``LOTKEEPER_HOME`` names it; otherwise it is ``.lotkeeper`` in a source checkout and the user's own data folder
    for an installed package.
    """
    named = os.environ.get("LOTKEEPER_HOME")
    if named:
        return Path(named).resolve()
    checkout = PACKAGE_DIRECTORY.parents[1]
    if (checkout / "pyproject.toml").exists():
        return checkout / ".lotkeeper"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "lotkeeper"


def server_account(data_directory: Path) -> pwd.struct_passwd | None:
    """The account the server runs as: None means the present one; started by root it is another."""
    if os.geteuid() != 0:
        return None
    if data_directory.exists() and (owner := data_directory.stat().st_uid) != 0:
        return pwd.getpwuid(owner)
    for name in SERVER_ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = f"started by root, the embedded PostgreSQL needs one of these accounts: {', '.join(SERVER_ACCOUNTS)}"
    raise RuntimeError(message)


def server_directory(home: Path) -> Path:
    """Where the embedded server's files are: in the home folder, unless its account cannot get there."""
    wanted = home / "postgres"
    if wanted.exists():
        return wanted.resolve()
    account = server_account(wanted / "data")
    if account is None or _can_walk_to(home, account):
        return wanted
    return SYSTEM_DIRECTORY / hashlib.sha256(os.fsencode(home)).hexdigest()[:12]


def make_server_directory(home: Path) -> Path:
    """Create the server's folder once; when it lies elsewhere, a link in the home folder leads to it."""
    directory = server_directory(home)
    home.mkdir(parents=True, exist_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    link = home / "postgres"
    if not link.exists():
        link.symlink_to(directory)
    return directory


def reachable_binaries(binaries: Path, account: pwd.struct_passwd | None) -> Path:
    """The server's programs where its account can run them: as installed, or copied out of a closed folder."""
    if account is None or _can_walk_to(binaries, account):
        return binaries
    version = f"{binaries} {(binaries / 'postgres').stat().st_mtime_ns}"
    copied = SYSTEM_DIRECTORY / f"programs-{hashlib.sha256(version.encode()).hexdigest()[:12]}"
    # The programs find their libraries by the way from one to the other, so the copy keeps it.
    site = binaries.parents[2]
    if not copied.exists():
        unfinished = copied.with_suffix(f".{os.getpid()}")
        for part in (binaries.parent, site / f"{binaries.parents[1].name}.libs"):
            if part.exists():
                shutil.copytree(part, unfinished / part.relative_to(site), symlinks=True, ignore=NEVER_RUN)
        unfinished.rename(copied)
    return copied / binaries.relative_to(site)


def _can_walk_to(folder: Path, account: pwd.struct_passwd) -> bool:
    """Whether the account may enter the folder and all above it; a folder not made yet will be open."""
    resolved = folder.resolve()
    return all(_may_enter(above, account) for above in (resolved, *resolved.parents) if above.exists())


def _may_enter(folder: Path, account: pwd.struct_passwd) -> bool:
    status = folder.stat()
    if status.st_uid == account.pw_uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.pw_gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
