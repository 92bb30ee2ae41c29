"""Rows are changed with the keys off too: the superuser as a replica."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.guards.attacks.behind_triggers import OFF, ON
from tests.guards.attacks.outcomes import CHANGE, CHECK, LAST_LINE, SUPERUSER, TABLES, WRITE, Attack, Detected, Outcome
from tests.guards.attacks.statements import PLAIN, one_row

REPLICA = "SET LOCAL session_replication_role = replica"
BEHIND_KEYS: dict[str, tuple[Sequence[str], Outcome]] = {
    "change a quantity": ([f"UPDATE stock_movement SET quantity = -2 WHERE {LAST_LINE}"], CHECK),
    "change a quantity and the balance after": (
        [f"UPDATE stock_movement SET quantity = -2, balance_after = 5 WHERE {LAST_LINE}"],
        Detected("answers", "balances", "heads"),
    ),
    "change a quantity and both balances": (
        [
            f"UPDATE stock_movement SET quantity = -2, balance_after = 5 WHERE {LAST_LINE}",
            "UPDATE stock_batch SET quantity = 5 WHERE id = :batch",
        ],
        Detected("answers", "heads"),
    ),
    "change a line in the middle": (
        [
            (
                "UPDATE stock_movement SET occurred_at = now()"
                " WHERE tenant_id = :tenant AND batch_id = :batch AND version = 2"
            )
        ],
        Detected("chain"),
    ),
    "change an amendment": (
        ["UPDATE stock_movement SET amendment = '{}' WHERE tenant_id = :tenant AND batch_id = :batch AND version = 3"],
        Detected("answers", "chain", "genesis"),
    ),
    "write nonsense into an amendment": (
        ["UPDATE stock_movement SET amendment = '{' WHERE tenant_id = :tenant AND batch_id = :batch AND version = 3"],
        Detected("amendments", "answers", "blocked_sales", "chain", "expired_sales", "genesis", "unit_costs"),
    ),
    "delete the last line": (
        [f"DELETE FROM stock_movement WHERE {LAST_LINE}"],
        Detected("answers", "balances", "heads", "line_counts", "orphans", "versions"),
    ),
    "delete a line in the middle": (
        ["DELETE FROM stock_movement WHERE tenant_id = :tenant AND batch_id = :batch AND version = 2"],
        Detected("answers", "balances", "chain", "line_counts", "orphans", "versions"),
    ),
    "delete every line": (
        ["DELETE FROM stock_movement WHERE tenant_id = :tenant"],
        Detected(
            "amendments",
            "answers",
            "balances",
            "counts",
            "genesis",
            "heads",
            "last_counts",
            "line_counts",
            "orphans",
            "versions",
        ),
    ),
    "delete the batch": (
        ["DELETE FROM stock_batch WHERE id = :batch"],
        Detected("answers", "amendments", "balances", "chain", "places", "versions"),
    ),
    "delete the operation": (["DELETE FROM stock_operation WHERE id = :last_sale"], Detected("operation_digests")),
    "change who did it": (
        ["UPDATE stock_operation SET user_id = :stranger WHERE id = :last_sale"],
        Detected("actors", "operation_digests"),
    ),
    "change why it was done": (
        ["UPDATE stock_operation SET reason = 'another' WHERE id = :last_sale"],
        Detected("operation_digests"),
    ),
    "delete the stock item": (["DELETE FROM stock_item WHERE tenant_id = :tenant"], Detected("places", "reserved")),
    "delete the outlet": (["DELETE FROM outlets_outlet WHERE id = :outlet"], Detected("places")),
    "delete the variation": (["DELETE FROM catalog_itemvariation WHERE id = :item"], Detected("places")),
    "delete the person": (["DELETE FROM accounts_user WHERE id = :user"], Detected("actors")),
    "delete the business": (["DELETE FROM accounts_tenant WHERE id = :tenant"], Detected("places")),
    "give the lines to another business": (
        ["UPDATE stock_movement SET tenant_id = :other_tenant WHERE tenant_id = :tenant AND batch_id = :batch"],
        Detected("answers", "balances", "genesis", "heads", "line_counts", "orphans", "versions"),
    ),
}


def behind_key_attacks() -> Iterator[Attack]:
    """Only the superuser can switch the keys off: what the checks see then."""
    for name, (steps, outcome) in BEHIND_KEYS.items():
        full = [REPLICA, *OFF, *steps, *ON]
        yield Attack(f"behind the keys: {name}", SUPERUSER, full, outcome)
    for table in TABLES:
        refusal = CHANGE if table in ("stock_movement", "stock_batch", "stock_count") else WRITE
        yield Attack(f"as a replica: delete {table}", SUPERUSER, [REPLICA, PLAIN["delete"][table]], refusal)
        refusal = CHANGE if table in ("stock_movement", "stock_count") else WRITE
        yield Attack(f"as a replica: update {table}", SUPERUSER, [REPLICA, PLAIN["update"][table]], refusal)
        yield Attack(f"as a replica: insert {table}", SUPERUSER, [REPLICA, one_row(table)], WRITE)
    yield Attack(
        "as a replica: delete the outlet", SUPERUSER, [REPLICA, "DELETE FROM outlets_outlet WHERE id = :outlet"],
        Detected("places"),
    )  # fmt: skip
