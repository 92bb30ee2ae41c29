"""The reference says what the code says: kinds, roles, settings, commands, codes."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from tests.docs.conftest import ROOT, page

import lotkeeper
from lotkeeper.accounts.policies import ROLE_PERMISSIONS, SCOPE_PERMISSIONS, Permission, Role, Scope
from lotkeeper.config.database import self_check
from lotkeeper.core.errors import Refusal
from lotkeeper.stock.operations.corrections import _REVERSIBLE
from lotkeeper.stock.policies import BatchStatus, MovementKind, OperationKind

SOURCES = [path.read_text() for path in Path(lotkeeper.__file__).parent.rglob("*.py")]
_VARIABLE = re.compile(
    r"""(?:os\.environ(?:\.get|\.setdefault|\.pop)?[\[(]|env\.\w+\()\s*"([A-Z][A-Z0-9_]+)"|"(LOTKEEPER_[A-Z_]+)":"""
)


def variables_in(text: str) -> set[str]:
    return {first or second for first, second in _VARIABLE.findall(text)}


def test_every_setting_is_listed_and_no_other() -> None:
    listed = {
        row[0]
        for headings in (("variable", "default", "what it does"), ("variable", "what it is"))
        for row in page("docs/reference/settings.md").rows(*headings)
    }
    assert listed == set().union(*map(variables_in, SOURCES))


def test_a_setting_that_is_read_is_found_however_it_is_read() -> None:
    text = 'os.environ["A_B"]; os.environ.get("C_D", "x"); env.bool("E_F", False); {"LOTKEEPER_G": "1"}'
    assert variables_in(text) == {"A_B", "C_D", "E_F", "LOTKEEPER_G"}


def test_every_finding_of_the_start_up_check_is_listed() -> None:
    source = Path(self_check.__file__).read_text()
    codes = {
        (code.replace("{setting}", setting), {"REFUSE": "refused", "WARN": "warning"}[severity])
        for severity, code in re.findall(r'Severity\.(REFUSE|WARN),\s*f?"([a-z_{}]+)"', source)
        for setting in (("fsync", "full_page_writes", "synchronous_commit") if "{setting}" in code else ("",))
    }
    listed = {(code, severity) for code, severity, _ in page("docs/reference/settings.md").rows("code", "", "meaning")}
    assert listed == codes


@pytest.mark.parametrize("kind", MovementKind)
def test_the_sign_of_a_movement_kind_is_the_one_the_database_checks(
    kind: MovementKind, owner_connection: psycopg.Connection
) -> None:
    listed = {row[0]: row[1] for row in page("docs/reference/movement-kinds.md").rows("kind", "sign", "when")}
    signs = {"+": (1,), "-": (-1,), "+ or -": (1, -1), "0": (0,)}
    sound = [
        owner_connection.execute(
            "SELECT lk.line_is_sound(%s, %s, 5, 5 + %s, 2, 1, %s)", [kind.value, quantity, quantity, amendment]
        ).fetchone()
        for quantity, amendment in ((Decimal(1), ""), (Decimal(-1), ""), (Decimal(0), "{}"))
    ]
    allowed = {sign for sign, row in zip((1, -1, 0), sound, strict=True) if row == (True,)}
    assert allowed == set(signs[listed[kind.value]])


def test_every_kind_and_state_is_listed_and_no_other() -> None:
    kinds = page("docs/reference/movement-kinds.md")
    assert {row[0] for row in kinds.rows("kind", "sign", "when")} == set(MovementKind)
    assert {row[0] for row in kinds.rows("kind", "its movements")} == set(OperationKind)
    states = kinds.rows("state", "may be sold", "may be written off, returned, adjusted")
    assert {row[0] for row in states} == set(BatchStatus)
    [sentence] = re.findall(r"^Can be reversed: (.+?), once each\.", kinds.text, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(\w+)`", sentence)) == set(_REVERSIBLE)


def test_the_table_of_roles_is_the_one_that_holds() -> None:
    rows = page("docs/reference/roles.md").rows("permission", *Role)
    listed = {
        role: {row[0].split()[0] for row in rows if row[column] == "yes"} for column, role in enumerate(Role, start=1)
    }
    assert listed == {role: set(permissions) for role, permissions in ROLE_PERMISSIONS.items()}
    assert [row[0].split()[0] for row in rows if set(row[1:]) - {"yes", "-"}] == []


def test_the_table_of_scopes_is_the_one_that_holds() -> None:
    listed: dict[str, set[str]] = {}
    for scope, told in page("docs/reference/roles.md").rows("scope", "permissions"):
        named = set(re.findall(r"[a-z_]{3,}", told)) & set(Permission)
        listed[scope] = set(Permission) - named if told.startswith("all") else named
    assert listed == {scope: set(SCOPE_PERMISSIONS[scope]) for scope in Scope}


def refusals() -> dict[str, int]:
    """Every code and its status, from every module of the product that may define one."""
    for module in pkgutil.walk_packages(lotkeeper.__path__, "lotkeeper."):
        if module.name.endswith("errors") or ".operations" in module.name:
            importlib.import_module(module.name)
    found: dict[str, int] = {}
    waiting = [Refusal]
    while waiting:
        refusal = waiting.pop()
        waiting += refusal.__subclasses__()
        if refusal.__module__.startswith("lotkeeper."):
            found[refusal.code] = refusal.status
    return found


def test_every_error_code_is_listed_with_its_status() -> None:
    listed = {row[0]: int(row[1]) for row in page("docs/reference/error-codes.md").rows("code", "status", "meaning")}
    assert listed == refusals()


def test_no_file_of_the_documentation_is_left_out_of_the_contents() -> None:
    contents = page("docs/README.md").text
    left_out = [
        str(file.relative_to(ROOT / "docs"))
        for file in (ROOT / "docs").rglob("*.md")
        if file.parent.name != "decisions" and file.name != "README.md" and file.name not in contents
    ]
    assert left_out == []


def test_the_house_is_the_one_that_the_import_contract_holds() -> None:
    house = page("ARCHITECTURE.md").text
    [contract] = [
        each
        for each in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
        if each["name"] == "Slices import downwards only"
    ]
    there = {file.parent.name for file in (ROOT / "src" / "lotkeeper").glob("*/__init__.py")}
    slices = [name for layer in contract["layers"] for name in re.findall(r"\w+", layer) if name in there]
    [sentence] = re.findall(r"^Slices, top to bottom: (.*?)\. A slice", house, re.MULTILINE | re.DOTALL)
    assert re.findall(r"`(\w+)`", sentence) == slices
    assert re.findall(r"^  (\w+)/ ", house, re.MULTILINE) == slices
