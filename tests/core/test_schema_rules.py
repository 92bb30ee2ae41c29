"""The migrated database keeps the rules of the schema, whatever wrote it: models, migrations or SQL."""

from __future__ import annotations

from typing import Final

import psycopg
import pytest
from tests.core.single_tenant import tenant_tables

from lotkeeper.core.checks import LONGEST_NAME

#: A key by id alone, which Django's models have to have, stays as long as the data is on one server.
_UNIQUE_KEYS: Final = """
SELECT i.indexrelid::regclass::text
FROM pg_index i
WHERE i.indrelid = ANY (%(tables)s::regclass[]) AND i.indisunique
  AND NOT (i.indisprimary AND i.indnkeyatts = 1)
  AND NOT EXISTS (SELECT FROM pg_attribute a
    WHERE a.attrelid = i.indrelid AND a.attname = 'tenant_id' AND a.attnum = ANY (i.indkey))
"""
_FOREIGN_KEYS: Final = """
SELECT c.conname
FROM pg_constraint c
JOIN pg_attribute own ON own.attrelid = c.conrelid AND own.attname = 'tenant_id'
JOIN pg_attribute other ON other.attrelid = c.confrelid AND other.attname = 'tenant_id'
WHERE c.contype = 'f' AND c.conrelid = ANY (%(tables)s::regclass[]) AND c.confrelid = ANY (%(tables)s::regclass[])
  AND (c.confdeltype NOT IN ('a', 'r', 'c')
    OR array_position(c.conkey, own.attnum) IS DISTINCT FROM array_position(c.confkey, other.attnum)
    OR array_position(c.conkey, own.attnum) IS NULL)
"""
#: Names of keys that Django makes up end with a number of its own, and are never named elsewhere.
_LONG_NAMES: Final = """
SELECT name FROM (
  SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND oid = ANY (%(tables)s::regclass[])
  UNION ALL
  SELECT attname FROM pg_attribute WHERE attrelid = ANY (%(tables)s::regclass[])
  UNION ALL
  SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
  UNION ALL
  SELECT proname FROM pg_proc WHERE pronamespace = 'lk'::regnamespace
) names WHERE length(name) > %(longest)s
"""


def breaches(connection: psycopg.Connection, rule: str) -> list[str]:
    values = {"tables": sorted(tenant_tables()), "longest": LONGEST_NAME}
    return sorted(name for (name,) in connection.execute(rule, values))


@pytest.mark.parametrize("rule", [_UNIQUE_KEYS, _FOREIGN_KEYS, _LONG_NAMES], ids=["unique", "foreign", "names"])
def test_the_database_keeps_the_rule(owner_connection: psycopg.Connection, rule: str) -> None:
    assert breaches(owner_connection, rule) == []


@pytest.mark.parametrize(
    ("rule", "breach", "told"),
    [
        (_UNIQUE_KEYS, "CREATE UNIQUE INDEX planted ON outlets_outlet (name) WHERE false", "planted"),
        (_UNIQUE_KEYS, "ALTER TABLE catalog_pack ADD CONSTRAINT planted UNIQUE (variation_id, name)", "planted"),
        (
            _FOREIGN_KEYS,
            (
                "ALTER TABLE catalog_pack ADD CONSTRAINT planted FOREIGN KEY (variation_id)"
                " REFERENCES catalog_itemvariation (id)"
            ),
            "planted",
        ),
        (
            _FOREIGN_KEYS,
            (
                "ALTER TABLE catalog_barcode ADD CONSTRAINT planted FOREIGN KEY (tenant_id, pack_id)"
                " REFERENCES catalog_pack (tenant_id, id) ON DELETE SET NULL"
            ),
            "planted",
        ),
        (_LONG_NAMES, f"ALTER TABLE catalog_pack ADD COLUMN {'x' * 51} int", "x" * 51),
    ],
)
def test_a_planted_breach_is_found(owner_connection: psycopg.Connection, rule: str, breach: str, told: str) -> None:
    with owner_connection.transaction(force_rollback=True):
        owner_connection.execute(breach)
        assert breaches(owner_connection, rule) == [told]
