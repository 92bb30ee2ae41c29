"""Attacks on the ledger, each with what must come of it."""

from __future__ import annotations

from collections.abc import Sequence

from tests.guards.attacks.as_poster import poster_attacks
from tests.guards.attacks.behind_keys import behind_key_attacks
from tests.guards.attacks.behind_triggers import behind_trigger_attacks
from tests.guards.attacks.dismantling import take_down_attacks
from tests.guards.attacks.doors import DOORS
from tests.guards.attacks.functions import WRAPPERS_AND_FUNCTIONS
from tests.guards.attacks.limits import LIMITS
from tests.guards.attacks.outcomes import Attack
from tests.guards.attacks.sessions import ROLES_AND_SETTINGS
from tests.guards.attacks.statements import cascade_attacks, plain_attacks

ATTACKS: Sequence[Attack] = [
    *plain_attacks(),
    *cascade_attacks(),
    *DOORS,
    *ROLES_AND_SETTINGS,
    *take_down_attacks(),
    *behind_trigger_attacks(),
    *behind_key_attacks(),
    *poster_attacks(),
    *WRAPPERS_AND_FUNCTIONS,
    *LIMITS,
]
