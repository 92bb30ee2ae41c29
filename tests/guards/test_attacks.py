"""No attack on the ledger goes through unseen: each is refused, has no effect, or is found by ``lotkeeper check``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict

import psycopg
import pytest
from tests.guards.attacks import ATTACKS
from tests.guards.attacks.outcomes import Attack, Copy, Detected, KnownLimit, NoEffect, Outcome, Refused, Sound
from tests.guards.conftest import Target, broken_promises, fingerprint, name_tenant

_ID = re.compile(r"(?<!:):([a-z_]+)")


def carry_out(connection: psycopg.Connection, attack: Attack, target: Target) -> None:
    ids = asdict(target)
    for step in attack.steps:
        statement = step.statement if isinstance(step, Copy) else step
        text = _ID.sub(lambda found: str(ids[found[1]]), statement)
        if isinstance(step, Copy):
            with connection.cursor().copy(text) as copy:
                copy.write_row(step.row)
        else:
            connection.execute(text)
    # What would be looked at when the transaction is committed.
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


def what_came_of(connection: psycopg.Connection, attack: Attack, target: Target) -> Outcome:
    name_tenant(connection, target.tenant)
    before = fingerprint(connection, target.tenant)
    try:
        carry_out(connection, attack, target)
    except psycopg.DatabaseError as error:
        connection.rollback()
        # A key that restricts says so since PostgreSQL 18; before, it said what every foreign key says.
        return Refused((error.sqlstate or "").replace("23001", "23503"))
    # Whoever looks afterwards looks with a session of their own.
    connection.execute("RESET SESSION AUTHORIZATION; RESET ALL")
    name_tenant(connection, target.tenant)
    broken = broken_promises(connection, target.tenant)
    if broken:
        return Detected(*(result.name for result in broken))
    if fingerprint(connection, target.tenant) == before:
        return NoEffect()
    return KnownLimit("") if isinstance(attack.outcome, KnownLimit) else Sound()


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{attack.role}: {attack.name}" for attack in ATTACKS])
def test_an_attack_is_refused_or_seen(
    attack: Attack, target: Target, connect_as: Callable[[str], psycopg.Connection]
) -> None:
    connection = connect_as(attack.role)

    came_of_it = what_came_of(connection, attack, target)

    if isinstance(attack.outcome, KnownLimit):
        assert isinstance(came_of_it, KnownLimit), attack.outcome.why
    else:
        assert came_of_it == attack.outcome


def test_only_history_rewritten_as_a_whole_goes_unseen() -> None:
    unseen = {attack.name for attack in ATTACKS if isinstance(attack.outcome, KnownLimit)}
    assert unseen == {
        "undo the last sale without a trace",
        "make the last sale smaller, hash, balance and answer included",
        "forget a promise and all that spoke of it",
        "sell in another's name",
        "behind the triggers: change why it was promised",
    }
