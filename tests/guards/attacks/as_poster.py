"""The owner and the superuser act as the role of the posting functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.guards.attacks.outcomes import (
    CHECK,
    FOREIGN_KEY,
    LAST_LINE,
    NO_RIGHT,
    OWNER,
    SUPERUSER,
    WRITE,
    Attack,
    Detected,
    Outcome,
    Refused,
    Sound,
)
from tests.guards.attacks.statements import PLAIN

POSTER = "SET LOCAL ROLE lk_poster"
A_LINE = (
    "INSERT INTO stock_movement (tenant_id, batch_id, version, prev_version, outlet_id, variation_id, operation_id,"
    " operation_digest, line, movement_type, quantity, balance_before, balance_after, unit_cost, amendment,"
    " occurred_at, recorded_at, prev_hash) SELECT tenant_id, batch_id, {version}, {prev}, outlet_id, variation_id,"
    " operation_id, operation_digest, line, '{kind}', {quantity}, {before}, {after}, unit_cost, '', now(), now(),"
    f" {{hash}} FROM stock_movement WHERE {LAST_LINE}"
)


def a_line(**changes: str) -> str:
    """An INSERT of a sound sixth line, but for what is changed."""
    line = {
        "version": "6",
        "prev": "5",
        "kind": "adjustment",
        "quantity": "5",
        "before": "4",
        "after": "9",
        "hash": "hash",
    }
    return A_LINE.format(**{**line, **changes})


def a_batch(*, quantity: int, genesis: str) -> str:
    return (
        "INSERT INTO stock_batch (tenant_id, outlet_id, variation_id, batch_number, received_at, status, quantity,"
        " version, genesis_hash)"
        f" VALUES (:tenant, :outlet, :item, 'NEW', now(), 'available', {quantity}, 0, '{genesis}')"
    )


AS_POSTER: dict[str, tuple[Sequence[str], Outcome]] = {
    "change a line": ([PLAIN["update"]["stock_movement"]], NO_RIGHT),
    "delete a line": ([PLAIN["delete"]["stock_movement"]], NO_RIGHT),
    "empty the ledger": ([PLAIN["truncate"]["stock_movement"]], NO_RIGHT),
    "delete a batch": ([PLAIN["delete"]["stock_batch"]], NO_RIGHT),
    "change why it was done": ([PLAIN["update"]["stock_operation"]], NO_RIGHT),
    "delete an operation": (["DELETE FROM stock_operation WHERE id = :last_sale"], FOREIGN_KEY),
    "change a balance": ([PLAIN["update"]["stock_batch"]], FOREIGN_KEY),
    "change a balance, constraints put off": (
        ["SET CONSTRAINTS ALL DEFERRED", PLAIN["update"]["stock_batch"]],
        FOREIGN_KEY,
    ),
    "change an expiry": (
        ["UPDATE stock_batch SET expiry_date = expiry_date + 365 WHERE id = :expired"],
        Detected("answers", "genesis"),
    ),
    "change an answer": (["UPDATE stock_operation SET response = '{}' WHERE id = :last_sale"], Detected("answers")),
    "forget what is promised": ([PLAIN["update"]["stock_item"]], Detected("reserved")),
    "add a line and leave the balance": ([a_line()], Detected("answers", "balances", "line_counts", "versions")),
    "add a line that does not add up": ([a_line(after="10")], CHECK),
    "add a line that leaves a gap": ([a_line(version="8", prev="7")], FOREIGN_KEY),
    "add a line that follows another balance": ([a_line(before="7", after="12")], FOREIGN_KEY),
    "add a line that follows another hash": ([a_line(hash="sha256('x')")], FOREIGN_KEY),
    "add a line with the wrong sign": ([a_line(kind="sale")], CHECK),
    "add a second first line": ([a_line(version="1", prev="NULL", before="0", after="5")], Refused("23505")),
    "write the hash oneself": (
        [a_line().replace("prev_hash)", "prev_hash, hash)").replace(", hash FROM", ", hash, hash FROM")],
        Refused("428C9"),
    ),
    "make a batch with stock": (
        [a_batch(quantity=5, genesis="")],
        WRITE,
    ),
    "make a batch with a genesis of one's own": (
        [a_batch(quantity=0, genesis="mine")],
        Sound(),
    ),
}


def poster_attacks() -> Iterator[Attack]:
    """The owner and the superuser can act as the role of the posting functions."""
    for role in (OWNER, SUPERUSER):
        for name, (steps, outcome) in AS_POSTER.items():
            yield Attack(f"as lk_poster: {name}", role, [POSTER, *steps], outcome)
