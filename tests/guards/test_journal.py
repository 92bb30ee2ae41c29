"""What the database cannot see, the journal does: history rewritten as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import psycopg
import pytest
from tests.guards.attacks import ATTACKS
from tests.guards.attacks.behind_triggers import OFF, ON
from tests.guards.attacks.doors import deduct
from tests.guards.attacks.limits import HEAD_BACK
from tests.guards.attacks.outcomes import OWNER, SUPERUSER, Attack, KnownLimit
from tests.guards.conftest import Target, broken_promises, name_tenant
from tests.guards.test_attacks import carry_out

from lotkeeper.stock.journal import JournalPlace, differences, export_journal
from lotkeeper.stock.journal.files import open_to_read
from lotkeeper.stock.journal.records import new_records
from lotkeeper.stock.journal.state import JournalState

LIMITS = [attack for attack in ATTACKS if isinstance(attack.outcome, KnownLimit)]


@pytest.fixture(scope="module")
def journalled(target: Target, tmp_path_factory: pytest.TempPathFactory) -> JournalState:
    """The last checkpoint before the attack."""
    folder: Path = tmp_path_factory.mktemp("outside")
    place = JournalPlace(folder / "journal", folder / "key.pem")
    export_journal(target.tenant, place=place, now=dt.datetime.now(dt.UTC))
    with open_to_read(place, target.tenant) as journal:
        return journal.state


def found_by_journal(connection: psycopg.Connection, target: Target, state: JournalState) -> set[str]:
    """What is no longer as it was exported, by its name in the target."""
    names = {("batch_id", target.batch): "batch", ("operation_id", target.promise): "promise"}
    with connection.cursor() as cursor:
        found = differences(cursor, target.tenant, state)
    return {names[next(iter(each.items()))] for each in found}


@pytest.mark.parametrize("attack", LIMITS, ids=[f"{attack.role}: {attack.name}" for attack in LIMITS])
def test_what_no_check_in_the_database_sees_the_journal_sees(
    attack: Attack, target: Target, journalled: JournalState, connect_as: Callable[[str], psycopg.Connection]
) -> None:
    connection = connect_as(attack.role)
    name_tenant(connection, target.tenant)
    assert found_by_journal(connection, target, journalled) == set()

    carry_out(connection, attack, target)

    connection.execute("RESET SESSION AUTHORIZATION; RESET ALL")
    name_tenant(connection, target.tenant)
    assert broken_promises(connection, target.tenant) == []
    assert isinstance(attack.outcome, KnownLimit)
    assert found_by_journal(connection, target, journalled) == attack.outcome.journal


def test_only_what_adds_and_changes_nothing_is_beyond_the_journal() -> None:
    """A posting that nobody asked for is a posting: the journal cannot tell it, but keeps it."""
    assert [attack.name for attack in LIMITS if not attack.outcome.journal] == ["sell in another's name"]


@pytest.mark.parametrize("role", [OWNER, SUPERUSER])
def test_a_forged_posting_that_was_exported_cannot_be_unmade_unseen(
    role: str, target: Target, journalled: JournalState, connect_as: Callable[[str], psycopg.Connection]
) -> None:
    connection = connect_as(role)
    name_tenant(connection, target.tenant)
    forged = Attack("", role, ["GRANT EXECUTE ON FUNCTION lk.deduct TO lk_owner", deduct()], KnownLimit(""))
    carry_out(connection, forged, target)
    state = deepcopy(journalled)
    with connection.cursor() as cursor:
        added = list(new_records(cursor, target.tenant, state))
    for record in added:
        state.note(record.kind, record.number, record.version, record.hash)
    assert [(each.kind, each.version) for each in added] == [("operation", 1), ("line", 6)]

    unmade = [
        *OFF,
        HEAD_BACK.format(version=5),
        "DELETE FROM stock_movement WHERE tenant_id = :tenant AND batch_id = :batch AND version = 6",
        f"DELETE FROM stock_operation WHERE id = {added[0].number}",
        *ON,
    ]
    carry_out(connection, Attack("", role, unmade, KnownLimit("")), target)

    name_tenant(connection, target.tenant)
    assert broken_promises(connection, target.tenant) == []
    assert found_by_journal(connection, target, state) == {"batch"}
