"""The guards are taken down: the application may not, and the owner and the superuser are seen."""

from __future__ import annotations

from collections.abc import Iterator

from tests.guards.attacks.outcomes import APP, NO_RIGHT, OWNER, SUPERUSER, Attack, Detected, NoEffect

TAKE_DOWN = {
    "switch a trigger off": "ALTER TABLE stock_movement DISABLE TRIGGER guard_change",
    "let a trigger sleep in replicas": "ALTER TABLE stock_movement ENABLE TRIGGER guard_change",
    "drop a trigger": "DROP TRIGGER guard_write ON stock_batch",
    "add a trigger": "CREATE TRIGGER zz BEFORE UPDATE ON stock_batch FOR EACH ROW EXECUTE FUNCTION"
    " suppress_redundant_updates_trigger()",
    "add a rule": "CREATE RULE nothing AS ON INSERT TO stock_movement DO INSTEAD NOTHING",
    "drop the chain's key": "ALTER TABLE stock_movement DROP CONSTRAINT movement_prev",
    "drop the head's key": "ALTER TABLE stock_batch DROP CONSTRAINT batch_head",
    "drop the check of lines": "ALTER TABLE stock_movement DROP CONSTRAINT movement_sound",
    "make the hash an ordinary column": "ALTER TABLE stock_movement ALTER COLUMN hash DROP EXPRESSION",
    "drop the hash": "ALTER TABLE stock_movement DROP COLUMN hash CASCADE",
    "change the clock": "CREATE OR REPLACE FUNCTION lk.clock() RETURNS timestamptz LANGUAGE sql VOLATILE"
    " AS 'SELECT timestamptz ''2020-01-01'''",
    "change the check of lines": "CREATE OR REPLACE FUNCTION lk.line_is_sound(p_kind text, p_quantity numeric,"
    " p_before numeric, p_after numeric, p_version integer, p_prev integer, p_amendment text) RETURNS boolean"
    " LANGUAGE sql IMMUTABLE AS 'SELECT true'",
    "empty the tenant check": "CREATE OR REPLACE FUNCTION lk.same_tenant(p_tenant bigint) RETURNS void"
    " LANGUAGE sql AS ''",
    "change what today is": "CREATE OR REPLACE FUNCTION lk.today_at(p_tenant bigint, p_outlet bigint) RETURNS date"
    " LANGUAGE sql STABLE RETURN date '2020-01-01'",
    "change whose rights a function has": "ALTER FUNCTION lk.write_lines SECURITY INVOKER",
    "change where a function looks": "ALTER FUNCTION lk.deduct SET search_path = public, pg_temp",
    "give the application the table": "GRANT INSERT ON stock_movement TO lk_app",
    "give the application a column": "GRANT UPDATE (quantity) ON stock_batch TO lk_app",
    "give the application an inner function": "GRANT EXECUTE ON FUNCTION lk.write_lines TO lk_app",
    "open a function to everybody": "GRANT EXECUTE ON FUNCTION lk.write_lines TO PUBLIC",
    "rename the table": "ALTER TABLE stock_movement RENAME TO old_movement",
    "drop the table": "DROP TABLE stock_movement CASCADE",
}
#: What breaks besides the guards, because the table or column is gone.
READS_MOVEMENTS = (
    "amendments", "answers", "balances", "blocked_sales", "chain", "clock", "counts", "expired_sales", "genesis",
    "hashes", "heads", "kinds", "last_counts", "line_counts", "not_negative", "operation_digests", "orphans", "places",
    "returns", "transfers", "unit_costs", "versions",
)  # fmt: skip


def take_down_attacks() -> Iterator[Attack]:
    """The guards are dismantled: the application may not, and the owner is seen."""
    also = {
        "drop the hash": ("chain", "hashes", "heads"),
        "rename the table": READS_MOVEMENTS,
        "drop the table": READS_MOVEMENTS,
    }
    for role in (OWNER, SUPERUSER):
        for name, statement in TAKE_DOWN.items():
            yield Attack(name, role, [statement], Detected("guards", *also.get(name, ())))
    for name, statement in TAKE_DOWN.items():
        # PostgreSQL only warns when somebody gives away a right on a table that they do not have to give.
        gives = statement.startswith("GRANT") and "FUNCTION" not in statement
        yield Attack(name, APP, [statement], NoEffect() if gives else NO_RIGHT)
    yield Attack("switch every key off", OWNER, ["ALTER TABLE stock_movement DISABLE TRIGGER ALL"], NO_RIGHT)
    yield Attack(
        "switch every key off", SUPERUSER, ["ALTER TABLE stock_movement DISABLE TRIGGER ALL"], Detected("guards")
    )
    yield Attack("let the application act as lk_poster", OWNER, ["GRANT lk_poster TO lk_app"], NO_RIGHT)
    yield Attack("let the application act as lk_poster", SUPERUSER, ["GRANT lk_poster TO lk_app"], Detected("guards"))
    yield Attack("give the table to the application", OWNER, ["ALTER TABLE stock_movement OWNER TO lk_app"], NO_RIGHT)
    yield Attack("give a function to the application", OWNER, ["ALTER FUNCTION lk.deduct OWNER TO lk_app"], NO_RIGHT)
    yield Attack(
        "change the system's own tables",
        SUPERUSER,
        [
            "SET LOCAL allow_system_table_mods = on",
            "UPDATE pg_trigger SET tgenabled = 'D' WHERE tgname = 'guard_change'",
        ],
        Detected("guards"),
    )
