"""Functions of one's own, and the ledger's functions changed and put back."""

from __future__ import annotations

from tests.guards.attacks.as_poster import a_line
from tests.guards.attacks.behind_triggers import OFF, ON
from tests.guards.attacks.dismantling import TAKE_DOWN
from tests.guards.attacks.doors import deduct, post
from tests.guards.attacks.outcomes import FOREIGN_KEY, LAST_LINE, NO_RIGHT, OWNER, WRITE, Attack, Detected
from tests.guards.attacks.statements import PLAIN

WRAPPER = (
    "CREATE FUNCTION public.mine(p_sql text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS"
    " $$ BEGIN EXECUTE p_sql; END $$"
)
HAND_OVER = (WRAPPER, "GRANT CREATE ON SCHEMA public TO lk_poster", "ALTER FUNCTION public.mine OWNER TO lk_poster")


def kept_function(signature: str) -> str:
    """Remembers a function's text, so that the attacker can put it back."""
    return f"SELECT set_config('mine.kept', pg_get_functiondef('{signature}'::regprocedure), true)"


PUT_BACK = "DO $do$ BEGIN EXECUTE current_setting('mine.kept'); END $do$"
SOUND = "lk.line_is_sound(text, numeric, numeric, numeric, integer, integer, text)"
HASH = (
    "lk.line_hash(bytea, bigint, bigint, integer, bytea, integer, text, numeric, numeric, numeric, text, timestamptz,"
    " timestamptz)"
)

ANOTHER_HASH = (
    "CREATE OR REPLACE FUNCTION lk.line_hash(p_prev_hash bytea, p_tenant bigint, p_batch bigint, p_version integer,"
    " p_operation_digest bytea, p_line integer, p_kind text, p_quantity numeric, p_balance_after numeric,"
    " p_cost numeric, p_amendment text, p_occurred_at timestamptz, p_recorded_at timestamptz) RETURNS bytea"
    " LANGUAGE sql IMMUTABLE AS 'SELECT sha256(p_prev_hash)'"
)

#: The key of the chain, as it was shipped.
PREVIOUS = (
    "ALTER TABLE stock_movement ADD CONSTRAINT movement_prev"
    " FOREIGN KEY (tenant_id, batch_id, prev_version, balance_before, prev_hash)"
    " REFERENCES stock_movement (tenant_id, batch_id, version, balance_after, hash)"
    " ON UPDATE RESTRICT ON DELETE RESTRICT"
)

WRAPPERS_AND_FUNCTIONS = [
    Attack(
        "wrap a change in a function",
        OWNER,
        [WRAPPER, "SELECT public.mine($$ UPDATE stock_batch SET quantity = 9 $$)"],
        WRITE,
    ),
    Attack("hand a function to lk_poster", OWNER, [WRAPPER, "ALTER FUNCTION public.mine OWNER TO lk_poster"], NO_RIGHT),
    Attack("hand a function to lk_poster after giving it the right to have it", OWNER, HAND_OVER, Detected("guards")),
    *(
        Attack(
            f"through a function of lk_poster: {name}",
            OWNER,
            [*HAND_OVER, f"SELECT public.mine($$ {text} $$)"],
            outcome,
        )
        for name, text, outcome in [
            ("change a line", PLAIN["update"]["stock_movement"], NO_RIGHT),
            ("change a balance", PLAIN["update"]["stock_batch"], FOREIGN_KEY),
            ("add a line", a_line(), Detected("answers", "balances", "guards", "line_counts", "versions")),
        ]
    ),
    Attack(
        "move the clock, sell what had expired, move it back",
        OWNER,
        [
            kept_function("lk.clock()"),
            (
                "CREATE OR REPLACE FUNCTION lk.clock() RETURNS timestamptz LANGUAGE sql VOLATILE"
                " AS 'SELECT clock_timestamp() - interval ''20 days'''"
            ),
            deduct(batch=":expired"),
            PUT_BACK,
        ],
        Detected("clock"),
    ),
    Attack(
        "let a sale add, and mend the rule",
        OWNER,
        [kept_function(SOUND), TAKE_DOWN["change the check of lines"], post("sale", "5"), PUT_BACK],
        Detected("kinds"),
    ),
    Attack(
        "hash with another function, and mend it",
        OWNER,
        [
            kept_function(HASH),
            ANOTHER_HASH,
            deduct(),
            PUT_BACK,
        ],
        Detected("hashes"),
    ),
    Attack(
        "swallow postings with a rule",
        OWNER,
        ["CREATE RULE nothing AS ON UPDATE TO stock_batch DO INSTEAD NOTHING", deduct()],
        Detected("balances", "guards", "versions"),
    ),
    Attack(
        "make the hash an ordinary column and change what it covers",
        OWNER,
        [
            "ALTER TABLE stock_movement ALTER COLUMN hash DROP EXPRESSION",
            *OFF,
            f"UPDATE stock_movement SET occurred_at = occurred_at - interval '1 day' WHERE {LAST_LINE}",
            *ON,
        ],
        Detected("guards", "hashes"),
    ),
    Attack(
        "drop the keys, delete a line, and put the keys back",
        OWNER,
        [
            *OFF,
            "ALTER TABLE stock_movement DROP CONSTRAINT movement_prev",
            "DELETE FROM stock_movement WHERE tenant_id = :tenant AND batch_id = :batch AND version = 2",
            PREVIOUS,
        ],
        FOREIGN_KEY,
    ),
    Attack(
        "drop the keys, delete a line, and put the keys back unchecked",
        OWNER,
        [
            *OFF,
            "ALTER TABLE stock_movement DROP CONSTRAINT movement_prev",
            "DELETE FROM stock_movement WHERE tenant_id = :tenant AND batch_id = :batch AND version = 2",
            f"{PREVIOUS} NOT VALID",
            *ON,
        ],
        Detected("answers", "balances", "chain", "guards", "line_counts", "orphans", "versions"),
    ),
]
