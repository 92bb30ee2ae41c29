"""What this version of Lotkeeper ships as SQL: its checks, and the functions that must stand in the database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.apps import apps

_FUNCTION = re.compile(
    r"CREATE (?:OR REPLACE )?FUNCTION lk\.(?P<name>\w+)(?P<head>.*?)"
    r"(?:\bAS\s+(?P<quote>\$\$|')(?P<body>.*?)(?P=quote)|\bRETURN \()",
    re.DOTALL,
)
_SEARCH_PATH = re.compile(r"SET search_path = (\w+(?:, \w+)*)")
_DOORS = re.compile(r"GRANT EXECUTE ON FUNCTION ([^;]*?) TO lk_app\b")
_HEADER = re.compile(r"-- (?P<promise>.*)\n-- examines: (?P<table>\w+)\n")


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of the ledger, and the statement that finds what breaks it."""

    name: str
    promise: str
    #: The table whose rows it goes through; None for the catalogue.
    table: str | None
    statement: str


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of the schema ``lk`` as shipped, side by side, and those that the application may call."""

    names: Sequence[str]
    bodies: Sequence[str]
    definers: Sequence[bool]
    search_paths: Sequence[str]
    doors: Sequence[str]


@cache
def shipped_checks() -> Mapping[str, Check]:
    """Every check by its name, the ledger's first."""
    found = [_check(path) for folder in _sql_folders() for path in sorted(folder.glob("checks/*.sql"))]
    return {check.name: check for check in found}


@cache
def shipped_functions() -> Functions:
    """What must stand in the schema ``lk``."""
    script = "\n".join(path.read_text() for folder in _sql_folders() for path in sorted(folder.rglob("*.sql")))
    functions = list(_FUNCTION.finditer(script))
    return Functions(
        names=[each["name"] for each in functions],
        bodies=[each["body"] or "" for each in functions],
        definers=["SECURITY DEFINER" in each["head"] for each in functions],
        search_paths=["".join(_SEARCH_PATH.findall(each["head"])) for each in functions],
        doors=[name.strip().removeprefix("lk.") for doors in _DOORS.findall(script) for name in doors.split(",")],
    )


def _sql_folders() -> Sequence[Path]:
    own = [Path(config.path) for config in apps.get_app_configs() if config.name.startswith("lotkeeper.")]
    # The core's stand beside its database backend.
    return [folder for place in own for folder in (place / "sql", place / "postgres" / "sql") if folder.is_dir()]


def _check(path: Path) -> Check:
    text = path.read_text()
    header = _HEADER.match(text)
    if header is None:
        message = f"{path.name} does not begin with its promise and the table it examines"
        raise ValueError(message)
    table = header["table"]
    return Check(path.stem, header["promise"], None if table == "nothing" else table, text[header.end() :])
