"""The posting functions, called by hand with what no operation would pass."""

from __future__ import annotations

from tests.guards.attacks.outcomes import APP, CHECK, NO_RIGHT, Attack, Detected, NoEffect, Refused, Sound


def deduct(quantity: str = "1", *, tenant: str = ":tenant", user: str = ":user", batch: str = "NULL") -> str:
    return (
        f"SELECT lk.deduct({tenant}, {user}, NULL, 'api', 'issue', 'sale', NULL, '\\x00'::bytea, '', '', NULL, "
        f":outlet, ARRAY[:item]::bigint[], ARRAY[{quantity}]::numeric[], ARRAY[{batch}]::bigint[], NULL)"
    )


def deduct_as_of(day: str, occurred_at: str = "NULL") -> str:
    return (
        "SELECT * FROM lk.deduct_many(:tenant, ARRAY[:user]::bigint[], ARRAY[NULL]::bigint[], ARRAY['job'], 'issue', "
        f"'sale', :outlet, {day}, ARRAY[NULL]::text[], ARRAY['\\x00']::bytea[], ARRAY[''], ARRAY[''], "
        f"ARRAY[{occurred_at}]::timestamptz[], ARRAY[1], ARRAY[1], ARRAY[:item]::bigint[], ARRAY[1]::numeric[], true)"
    )


def sell(tenant: str = ":tenant") -> str:
    """Two sales at a till: alone they go another way."""
    return (
        f"SELECT lk.sell_many({tenant}, :outlet, ARRAY['owner'], ARRAY['stock'], ARRAY['deadbeef', 'deadbeef'], "
        "ARRAY['\\x00', '\\x00']::bytea[], ARRAY['x', 'y'], ARRAY['\\x00', '\\x00']::bytea[], ARRAY['', ''], "
        "ARRAY[:item, :item]::bigint[], ARRAY[1, 1]::numeric[])"
    )


def post(kind: str, quantity: str, batch: str = ":batch", operation: str = "issue") -> str:
    return (
        f"SELECT * FROM lk.post_many(:tenant, :user, NULL, 'api', '{operation}', ARRAY[NULL]::text[], "
        "ARRAY['\\x00']::bytea[], ARRAY[''], ARRAY[''], ARRAY[NULL]::timestamptz[], ARRAY[NULL]::bigint[], ARRAY[1], "
        f"ARRAY[1], ARRAY['{kind}'], ARRAY[{quantity}]::numeric[], ARRAY[{batch}]::bigint[], ARRAY[NULL]::bigint[], "
        "ARRAY[NULL]::bigint[], ARRAY[NULL]::text[], ARRAY[NULL]::date[], ARRAY[NULL]::numeric[], "
        "ARRAY[NULL]::timestamptz[], false)"
    )


def amend(changes: str, batch: str = ":batch") -> str:
    return (
        "SELECT lk.amend_batch(:tenant, :user, NULL, 'api', NULL, '\\x00'::bytea, 'r', '', "
        f"{batch}, '{changes}'::jsonb)"
    )


def reserve(quantity: str) -> str:
    return (
        "SELECT lk.reserve(:tenant, :user, NULL, 'api', NULL, '\\x00'::bytea, '', :outlet, ARRAY[:item]::bigint[], "
        f"ARRAY[{quantity}]::numeric[], now() + interval '1 day')"
    )


DOORS = [
    Attack("sell less than nothing", APP, [deduct("-5")], CHECK),
    Attack("sell zero", APP, [deduct("0")], CHECK),
    Attack("sell not-a-number", APP, [deduct("'NaN'")], Refused("LK409")),
    Attack("sell an infinity", APP, [deduct("'Infinity'")], Refused("LK409")),
    Attack("sell the expired lot in hand", APP, [deduct(batch=":expired")], Refused("LK413")),
    Attack("sell the held lot in hand", APP, [deduct(batch=":held")], Refused("LK413")),
    Attack("sell for another business", APP, [deduct(tenant=":other_tenant")], NO_RIGHT),
    Attack("sell as another business's person", APP, [deduct(user=":stranger")], Detected("actors")),
    Attack("sell with a date that has passed", APP, [deduct_as_of("current_date - 20")], Detected("expired_sales")),
    Attack(
        "sell with a date that has passed, told to have happened then",
        APP,
        [deduct_as_of("current_date - 20", "now() - interval '20 days'")],
        Sound(),
    ),
    Attack("sell under a token that nobody has", APP, [sell()], NoEffect()),
    Attack("sell under a token of another business", APP, [sell(":other_tenant")], NO_RIGHT),
    Attack("post a sale of the expired batch", APP, [post("sale", "-1", ":expired")], Detected("expired_sales")),
    Attack("post a sale of the held batch", APP, [post("sale", "-1", ":held")], Detected("blocked_sales")),
    Attack("post a sale that adds", APP, [post("sale", "1")], CHECK),
    Attack("post a purchase that takes away", APP, [post("purchase", "-1")], CHECK),
    Attack("post nothing", APP, [post("adjustment", "0")], CHECK),
    Attack("post an unknown kind", APP, [post("gift", "1")], CHECK),
    Attack("post an amendment that moves", APP, [post("amend", "1")], CHECK),
    Attack("post not-a-number", APP, [post("adjustment", "'NaN'")], Refused("0A000")),
    Attack("post an infinity", APP, [post("adjustment", "'Infinity'")], Refused("22003")),
    Attack("post more than a number can hold", APP, [post("adjustment", "1e12")], Refused("22003")),
    Attack("post below zero", APP, [post("damage", "-1000")], NoEffect()),
    Attack(
        "post to another business's batch",
        APP,
        ["SET LOCAL app.tenant_id = ':other_tenant'", post("opening", "1")],
        NO_RIGHT,
    ),
    Attack("amend the quantity", APP, [amend('{"quantity": 99}')], Refused("LK001")),
    Attack("amend to an unknown status", APP, [amend('{"status": "sold"}')], Refused("LK001")),
    Attack("amend to a negative cost", APP, [amend('{"unit_cost": -0.0001}')], Refused("LK001")),
    Attack("amend to a date without end", APP, [amend('{"expiry_date": "-infinity"}')], Refused("LK001")),
    Attack("promise less than nothing", APP, [reserve("-1")], CHECK),
    Attack("promise twice what is there", APP, [reserve("100")], Refused("LK409")),
    *(
        Attack(f"call the inner function {name}", APP, [call], NO_RIGHT)
        for name, call in {
            "write_lines": "SELECT lk.write_lines(:tenant, now(), ARRAY[:last_sale]::bigint[], ARRAY[9],"
            " ARRAY[:batch]::bigint[], ARRAY[5]::numeric[], ARRAY['adjustment'], ARRAY[''], NULL)",
            "replayed": "SELECT lk.replayed(:tenant, 'x', '\\x00')",
            "rebuild_batches": "SELECT lk.rebuild_batches(:tenant)",
        }.items()
    ),
]
