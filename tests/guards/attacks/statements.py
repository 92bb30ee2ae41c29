"""Ordinary statements by everybody: on the tables of the ledger, and on what the ledger stands on."""

from __future__ import annotations

from collections.abc import Iterator

from tests.guards.attacks.outcomes import (
    APP,
    CHANGE,
    FOREIGN_KEY,
    NO_RIGHT,
    OWNER,
    SUPERUSER,
    TABLES,
    WRITE,
    Attack,
    Copy,
)

PLAIN = {
    "update": {
        "stock_movement": "UPDATE stock_movement SET quantity = 1 WHERE batch_id = :batch",
        "stock_batch": "UPDATE stock_batch SET quantity = quantity + 1 WHERE id = :batch",
        "stock_operation": "UPDATE stock_operation SET reason = 'another' WHERE id = :last_sale",
        "stock_item": "UPDATE stock_item SET reserved = 0 WHERE tenant_id = :tenant",
        "stock_count": "UPDATE stock_count SET counted = 99 WHERE tenant_id = :tenant",
    },
    "delete": {table: f"DELETE FROM {table} WHERE tenant_id = :tenant" for table in TABLES},
    "insert": {
        table: f"INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, '{{}}')).*" for table in TABLES
    },
    "truncate": {table: f"TRUNCATE {table} CASCADE" for table in TABLES},
    "merge": {
        table: f"MERGE INTO {table} t USING (SELECT 1) s ON t.tenant_id = :tenant WHEN MATCHED THEN DELETE"
        for table in TABLES
    },
    "upsert": {
        "stock_movement": "INSERT INTO stock_movement (tenant_id, batch_id, version) VALUES (:tenant, :batch, 1)"
        " ON CONFLICT (tenant_id, batch_id, version) DO UPDATE SET quantity = 99",
        "stock_batch": "INSERT INTO stock_batch (id, tenant_id) OVERRIDING SYSTEM VALUE VALUES (:batch, :tenant)"
        " ON CONFLICT (id) DO UPDATE SET quantity = 99",
        "stock_operation": "INSERT INTO stock_operation (id, tenant_id) OVERRIDING SYSTEM VALUE"
        " VALUES (:last_sale, :tenant) ON CONFLICT (id) DO UPDATE SET reason = 'another'",
        "stock_item": "INSERT INTO stock_item (tenant_id, outlet_id, variation_id, reserved)"
        " VALUES (:tenant, :outlet, :item, 0) ON CONFLICT (tenant_id, outlet_id, variation_id)"
        " DO UPDATE SET reserved = 0",
        "stock_count": "INSERT INTO stock_count (id, tenant_id) OVERRIDING SYSTEM VALUE VALUES (:count, :tenant)"
        " ON CONFLICT (id) DO UPDATE SET counted = 99",
    },
}
COPIES = {table: Copy(f"COPY {table} (tenant_id) FROM STDIN", [1]) for table in TABLES}


def one_row(table: str) -> str:
    # A column list without the generated ones, so that the statement is only about the right to write.
    return f"INSERT INTO {table} (tenant_id) VALUES (:tenant)"


def plain_attacks() -> Iterator[Attack]:
    """Every verb on every table, by everybody."""
    refusals = {
        "update": {"stock_movement": CHANGE, "stock_count": CHANGE},
        "delete": {"stock_movement": CHANGE, "stock_batch": CHANGE, "stock_count": CHANGE},
        "truncate": dict.fromkeys(TABLES, CHANGE),
        "merge": {"stock_movement": CHANGE, "stock_batch": CHANGE, "stock_count": CHANGE},
    }
    for role in (APP, OWNER, SUPERUSER):
        for verb, statements in PLAIN.items():
            for table, statement in statements.items():
                refusal = NO_RIGHT if role == APP else refusals.get(verb, {}).get(table, WRITE)
                text = one_row(table) if verb == "insert" else statement
                yield Attack(f"{verb} {table}", role, [text], refusal)
        for table, copy in COPIES.items():
            yield Attack(f"copy {table}", role, [copy], NO_RIGHT if role == APP else WRITE)


ROOTS = ("accounts_tenant", "outlets_outlet", "catalog_itemvariation", "catalog_product", "accounts_user")


def cascade_attacks() -> Iterator[Attack]:
    """Deleting what the ledger stands on."""
    for role in (APP, OWNER, SUPERUSER):
        for table in ROOTS:
            column = "id" if table == "accounts_tenant" else "tenant_id"
            yield Attack(f"delete {table}", role, [f"DELETE FROM {table} WHERE {column} = :tenant"], FOREIGN_KEY)
            refusal = NO_RIGHT if role == APP else CHANGE
            yield Attack(f"truncate {table} cascade", role, [f"TRUNCATE {table} CASCADE"], refusal)
        for change in (
            "UPDATE outlets_outlet SET id = id + 1000000 WHERE id = :outlet",
            "UPDATE catalog_itemvariation SET id = id + 1000000 WHERE id = :item",
        ):
            yield Attack(f"renumber {change.split()[1]}", role, [change], FOREIGN_KEY)
