"""The known limit: history rewritten so that all of it agrees."""

from __future__ import annotations

from tests.guards.attacks.behind_keys import REPLICA
from tests.guards.attacks.behind_triggers import OFF, ON
from tests.guards.attacks.doors import deduct
from tests.guards.attacks.outcomes import LAST_LINE, OWNER, SUPERUSER, Attack, KnownLimit

REWRITTEN = KnownLimit(
    "All of it agrees again; only a copy of the chain's head elsewhere shows it (the journal's signed checkpoints).",
    frozenset({"batch"}),
)
#: Nothing that was there is changed, so there is nothing to find; what is added is journalled, and then stays.
FORGED = KnownLimit(
    "A sound posting that nobody made: whoever owns the database can post. It cannot be unmade unseen by others."
)
HEAD_BACK = (
    "UPDATE stock_batch b SET version = m.version, quantity = m.balance_after, head_hash = m.hash FROM stock_movement m"
    " WHERE b.id = :batch AND m.tenant_id = :tenant AND m.batch_id = :batch AND m.version = {version}"
)

UNDO_LAST_SALE = (
    *OFF,
    HEAD_BACK.format(version=4),
    f"DELETE FROM stock_movement WHERE {LAST_LINE}",
    "DELETE FROM stock_operation WHERE id = :last_sale",
    *ON,
)

LIMITS = [
    *(Attack("undo the last sale without a trace", role, UNDO_LAST_SALE, REWRITTEN) for role in (OWNER, SUPERUSER)),
    Attack(
        "make the last sale smaller, hash, balance and answer included",
        SUPERUSER,
        [
            REPLICA,
            *OFF,
            f"UPDATE stock_movement SET quantity = -2, balance_after = 5 WHERE {LAST_LINE}",
            HEAD_BACK.format(version=5),
            (
                "UPDATE stock_operation SET response = jsonb_set(jsonb_set(response, '{movements,0,quantity}', '-2'),"
                " '{movements,0,balance_after}', '5') WHERE id = :last_sale"
            ),
            *ON,
        ],
        REWRITTEN,
    ),
    Attack(
        "forget a promise and all that spoke of it",
        OWNER,
        [
            *OFF,
            "DELETE FROM stock_reservation_line WHERE tenant_id = :tenant",
            "DELETE FROM stock_reservation WHERE tenant_id = :tenant",
            "DELETE FROM stock_operation WHERE id = :promise",
            "UPDATE stock_item SET reserved = 0 WHERE tenant_id = :tenant",
            *ON,
        ],
        KnownLimit("A promise moves no stock and is no part of the chain.", frozenset({"promise"})),
    ),
    Attack(
        "sell in another's name",
        OWNER,
        ["GRANT EXECUTE ON FUNCTION lk.deduct TO lk_owner", deduct()],
        FORGED,
    ),
]
