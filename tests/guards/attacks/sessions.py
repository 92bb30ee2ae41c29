"""Other roles, other settings, other names for the same things."""

from __future__ import annotations

from tests.guards.attacks.doors import deduct
from tests.guards.attacks.outcomes import APP, NO_RIGHT, OWNER, SUPERUSER, Attack, Refused, Sound

SHADOWS = {
    "public": "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT '\\x00'::bytea $$",
    "a temporary schema": "CREATE FUNCTION pg_temp.int8send(bigint) RETURNS bytea LANGUAGE sql"
    " AS $$ SELECT '\\x00'::bytea $$",
    "lk": "CREATE FUNCTION lk.deduct(text) RETURNS text LANGUAGE sql AS $$ SELECT '' $$",
}

ROLES_AND_SETTINGS = [
    *(Attack(f"become {role}", APP, [f"SET ROLE {role}"], NO_RIGHT) for role in ("lk_poster", OWNER, SUPERUSER)),
    Attack("become the superuser for the session", APP, [f"SET SESSION AUTHORIZATION {SUPERUSER}"], NO_RIGHT),
    Attack("play replica", APP, ["SET session_replication_role = replica"], NO_RIGHT),
    Attack("play replica", OWNER, ["SET session_replication_role = replica"], NO_RIGHT),
    Attack("allow changes of system tables", APP, ["SET allow_system_table_mods = on"], NO_RIGHT),
    Attack(
        "name another business and write",
        APP,
        ["SELECT set_config('app.tenant_id', ':other_tenant', true)", "UPDATE stock_batch SET quantity = 0"],
        NO_RIGHT,
    ),
    Attack("lock everybody out", APP, ["LOCK TABLE stock_movement IN ACCESS EXCLUSIVE MODE"], NO_RIGHT),
    Attack("prepare for later", APP, [deduct(), "PREPARE TRANSACTION 'later'"], Refused("55000")),
    *(Attack(f"shadow a function in {place}", APP, [text], NO_RIGHT) for place, text in SHADOWS.items()),
    Attack("hide the table behind a temporary one", APP, ["CREATE TEMP TABLE stock_batch (id bigint)"], NO_RIGHT),
    Attack("make a schema of one's own", APP, ["CREATE SCHEMA mine"], NO_RIGHT),
    Attack("sell along a strange search path", APP, ["SET LOCAL search_path = pg_temp, pg_catalog", deduct()], Sound()),
    Attack(
        "sell past shadowed functions",
        OWNER,
        [
            SHADOWS["public"],
            SHADOWS["a temporary schema"],
            "CREATE TEMP TABLE stock_batch (id bigint)",
            "SET LOCAL search_path = pg_temp, public, pg_catalog",
            deduct(),
        ],
        Sound(),
    ),
]
