"""Rows are changed while the guards' triggers are off: keys and checks still hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.guards.attacks.outcomes import (
    CHECK,
    FOREIGN_KEY,
    LAST_LINE,
    OWNER,
    SUPERUSER,
    TABLES,
    Attack,
    Detected,
    KnownLimit,
    Outcome,
    Refused,
)

OFF = tuple(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in TABLES)
ON = tuple(
    f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"
    for table, triggers in {
        "stock_movement": ("guard_insert", "guard_change", "guard_truncate"),
        "stock_batch": ("guard_write", "guard_name", "guard_delete"),
        "stock_operation": ("guard_write", "guard_truncate"),
        "stock_item": ("guard_write", "guard_truncate"),
        "stock_count": ("guard_insert", "guard_change", "guard_truncate"),
    }.items()
    for trigger in triggers
)

#: With the guards' triggers off and on again, by the owner or the superuser: keys and checks still hold.
BEHIND_TRIGGERS: dict[str, tuple[Sequence[str], Outcome]] = {
    "change a quantity": ([f"UPDATE stock_movement SET quantity = -2 WHERE {LAST_LINE}"], CHECK),
    "change a quantity and the balance after": (
        [f"UPDATE stock_movement SET quantity = -2, balance_after = 5 WHERE {LAST_LINE}"],
        FOREIGN_KEY,
    ),
    "change a kind": ([f"UPDATE stock_movement SET movement_type = 'theft' WHERE {LAST_LINE}"], FOREIGN_KEY),
    "change a cost": ([f"UPDATE stock_movement SET unit_cost = 0.01 WHERE {LAST_LINE}"], FOREIGN_KEY),
    "change a time": ([f"UPDATE stock_movement SET occurred_at = now() WHERE {LAST_LINE}"], FOREIGN_KEY),
    "change a line in the middle": (
        ["UPDATE stock_movement SET line = 2 WHERE tenant_id = :tenant AND batch_id = :batch AND version = 2"],
        FOREIGN_KEY,
    ),
    "write a hash": ([f"UPDATE stock_movement SET hash = '\\x00' WHERE {LAST_LINE}"], Refused("428C9")),
    "move a line to another operation": (
        [f"UPDATE stock_movement SET operation_id = :first_sale WHERE {LAST_LINE}"],
        FOREIGN_KEY,
    ),
    "delete the last line": ([f"DELETE FROM stock_movement WHERE {LAST_LINE}"], FOREIGN_KEY),
    "delete a line in the middle": (
        ["DELETE FROM stock_movement WHERE tenant_id = :tenant AND batch_id = :batch AND version = 3"],
        FOREIGN_KEY,
    ),
    "delete the batch": (["DELETE FROM stock_batch WHERE id = :batch"], FOREIGN_KEY),
    "delete the operation": (["DELETE FROM stock_operation WHERE id = :last_sale"], FOREIGN_KEY),
    "delete the stock item": (["DELETE FROM stock_item WHERE tenant_id = :tenant"], FOREIGN_KEY),
    "change what was counted": (
        ["UPDATE stock_count SET counted = 5 WHERE id = :count"],
        Detected("counts", "last_counts"),
    ),
    "change what was counted and its book": (
        ["UPDATE stock_count SET counted = 5, book = 5 WHERE id = :count"],
        Detected("counts", "last_counts"),
    ),
    "delete a count": (["DELETE FROM stock_count WHERE id = :count"], Detected("counts")),
    "change a balance": (["UPDATE stock_batch SET quantity = 99 WHERE id = :batch"], FOREIGN_KEY),
    "change a balance below zero": (["UPDATE stock_batch SET quantity = -1 WHERE id = :batch"], CHECK),
    "change a version": (["UPDATE stock_batch SET version = 4 WHERE id = :batch"], FOREIGN_KEY),
    "forget the lines of a batch": (
        ["UPDATE stock_batch SET version = 0, quantity = 50, head_hash = NULL WHERE id = :batch"],
        Detected("balances", "heads", "versions"),
    ),
    "change where a batch begins": (
        ["UPDATE stock_batch SET genesis_hash = sha256('x') WHERE id = :batch"],
        Detected("chain", "genesis"),
    ),
    "move a batch to another outlet": (
        ["UPDATE stock_batch SET outlet_id = outlet_id + 1 WHERE id = :batch"],
        FOREIGN_KEY,
    ),
    "change an expiry": (
        ["UPDATE stock_batch SET expiry_date = expiry_date + 365 WHERE id = :expired"],
        Detected("answers", "genesis"),
    ),
    "change an amended expiry": (
        ["UPDATE stock_batch SET expiry_date = expiry_date + 365 WHERE id = :batch"],
        Detected("amendments", "answers"),
    ),
    "change a batch number": (
        ["UPDATE stock_batch SET batch_number = 'B' WHERE id = :batch"],
        Detected("answers", "genesis"),
    ),
    "change what a batch cost": (
        ["UPDATE stock_batch SET unit_cost = 9 WHERE id = :batch"],
        Detected("genesis", "unit_costs"),
    ),
    "change when a batch came": (
        ["UPDATE stock_batch SET received_at = received_at - interval '1 day' WHERE id = :batch"],
        Detected("genesis"),
    ),
    "release a held batch": (["UPDATE stock_batch SET status = 'available' WHERE id = :held"], Detected("amendments")),
    "hold a batch": (["UPDATE stock_batch SET status = 'held' WHERE id = :batch"], Detected("amendments")),
    "change who did it": (["UPDATE stock_operation SET user_id = :stranger WHERE id = :last_sale"], FOREIGN_KEY),
    "change why it was done": (["UPDATE stock_operation SET reason = 'another' WHERE id = :last_sale"], FOREIGN_KEY),
    "change when it was done": (
        ["UPDATE stock_operation SET occurred_at = now() - interval '1 day' WHERE id = :last_sale"],
        FOREIGN_KEY,
    ),
    "change why it was promised": (
        ["UPDATE stock_operation SET reason = 'x' WHERE id = :promise"],
        KnownLimit(
            "A promise moves no stock: no line repeats its operation, and the database computes its digest anew.",
            frozenset({"promise"}),
        ),
    ),
    "change an answer": (
        [
            (
                "UPDATE stock_operation SET response = jsonb_set(response, '{movements,0,quantity}', '-1')"
                " WHERE id = :last_sale"
            )
        ],
        Detected("answers"),
    ),
    "change the expiry in an answer": (
        [
            (
                "UPDATE stock_operation SET response = jsonb_set(response, '{movements,0,expiry}', '\"2030-01-01\"')"
                " WHERE id = :last_sale"
            )
        ],
        Detected("answers"),
    ),
    "empty an answer": (["UPDATE stock_operation SET response = NULL WHERE id = :last_sale"], Detected("answers")),
    "change a count of lines": (
        ["UPDATE stock_operation SET line_count = 2 WHERE id = :last_sale"],
        Detected("line_counts"),
    ),
    "add an operation that did nothing": (
        [
            (
                "INSERT INTO stock_operation (tenant_id, kind, fingerprint, user_id, channel, reason, note,"
                " occurred_at, recorded_at, line_count) VALUES (:tenant, 'issue', '\\x00', :user, 'api', '', '',"
                " now(), now(), 0)"
            )
        ],
        Detected("answers", "orphans"),
    ),
    "forget what is promised": (["UPDATE stock_item SET reserved = 0 WHERE tenant_id = :tenant"], Detected("reserved")),
    "promise what nobody asked for": (
        ["UPDATE stock_item SET reserved = 9 WHERE tenant_id = :tenant"],
        Detected("reserved"),
    ),
    "delete a promise": (
        [
            "DELETE FROM stock_reservation_line WHERE tenant_id = :tenant",
            "DELETE FROM stock_reservation WHERE tenant_id = :tenant",
        ],
        Detected("answers", "orphans", "reserved"),
    ),
    "prolong a promise": (
        ["UPDATE stock_reservation SET expires_at = expires_at + interval '9 days' WHERE id = :reservation"],
        Detected("answers"),
    ),
    "change how much is promised": (
        ["UPDATE stock_reservation_line SET quantity = 2 WHERE tenant_id = :tenant"],
        Detected("reserved"),
    ),
    "rewrite a column": (
        ["ALTER TABLE stock_batch ALTER COLUMN received_at TYPE timestamptz USING received_at - interval '1 day'"],
        Detected("genesis"),
    ),
    "rewrite a hashed column": (
        ["ALTER TABLE stock_movement ALTER COLUMN quantity TYPE numeric(14, 3) USING quantity * 2"],
        Refused("0A000"),
    ),
    "add rows through a table that inherits": (
        [
            "CREATE TABLE more () INHERITS (stock_movement)",
            (
                "INSERT INTO more (tenant_id, batch_id, version, prev_version, outlet_id, variation_id, operation_id,"
                " operation_digest, line, movement_type, quantity, balance_before, balance_after, amendment,"
                " occurred_at, recorded_at, prev_hash) SELECT tenant_id, batch_id, 6, 5, outlet_id, variation_id,"
                f" operation_id, operation_digest, 1, 'adjustment', 5, balance_after, balance_after + 5, '', now(),"
                f" now(), hash FROM stock_movement WHERE {LAST_LINE}"
            ),
        ],
        Detected("answers", "balances", "guards", "line_counts", "unit_costs", "versions"),
    ),
}


def behind_trigger_attacks() -> Iterator[Attack]:
    """What keys and checks still refuse, and what the checks see, when the triggers were off for a moment."""
    for role in (OWNER, SUPERUSER):
        for name, (steps, outcome) in BEHIND_TRIGGERS.items():
            yield Attack(
                f"behind the triggers: {name}", role, [*OFF, *steps, "SET CONSTRAINTS ALL IMMEDIATE", *ON], outcome
            )
