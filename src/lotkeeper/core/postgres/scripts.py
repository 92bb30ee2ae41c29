"""Running our SQL files, on a server with our four roles or with a single foreign one."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.utils import CursorWrapper
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

#: Who migrates, who owns the posting functions, who serves, who copies; docs/explanation/ledger.md tells why four.
ROLES = ("lk_owner", "lk_poster", "lk_app", "lk_backup")


def run_script(cursor: CursorWrapper, script: str) -> None:
    """Run a SQL script, letting the current role stand in for each of our roles that the server does not have.

    A hosted database often gives one role only. Everything then works, but the guards cannot tell the product from its
    owner; the start-up self-check says so.
    """
    cursor.execute(
        "SELECT current_user, array(SELECT rolname::text FROM pg_roles WHERE rolname = ANY (%s))", [list(ROLES)]
    )
    current, present = cursor.fetchone()
    for role in ROLES:
        if role not in present:
            script = re.sub(rf"\b{role}\b", current, script)
    cursor.execute(script)


def read_script(package: str, path: str) -> str:
    """The text of a SQL file that ships with the product; a folder gives its files in order of name."""
    found = files(package).joinpath(path)
    if found.is_dir():
        return "\n".join(part.read_text() for part in sorted(found.iterdir(), key=lambda part: part.name))
    return found.read_text()


class RunScript(Operation):
    """A migration step that runs one of our SQL files. It has no way back: the ledger is not taken apart."""

    reduces_to_sql = True
    reversible = False

    def __init__(self, package: str, path: str) -> None:
        self.package = package
        self.path = path

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Nothing that the models can see changes."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        with schema_editor.connection.cursor() as cursor:
            # Constraints that Django wrote at the end of the migration before must be checked before we build on them.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            run_script(cursor, read_script(self.package, self.path))

    def describe(self) -> str:
        return f"Run {self.package}/{self.path}"

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (self.__class__.__qualname__, [self.package, self.path], {})
