"""Migrating brings the database's functions to their current text, whatever stands there."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from lotkeeper.core.postgres.scripts import read_script

#: A posting function that took other parameters once.
_OF_OLD = """
CREATE FUNCTION lk.deduct(p_tenant bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN END $$;
"""


@pytest.mark.xdist_group("migrate")
def test_a_function_of_an_older_version_is_replaced(owner_connection: psycopg.Connection) -> None:
    current = owner_connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'live_reserved'").fetchone()
    older = read_script("lotkeeper.stock", "sql/functions/10_rules.sql").replace("coalesce(sum(l.quantity), 0)", "1.0")
    owner_connection.execute(older)
    owner_connection.execute(_OF_OLD)
    changed = owner_connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'live_reserved'").fetchone()

    owner = {"LOTKEEPER_DATABASE_ROLE": "owner", "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings"}
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0"],
        env={**os.environ, **owner},
        check=True,
        capture_output=True,
    )

    after = owner_connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'live_reserved'").fetchone()
    assert changed != current
    assert after == current
    assert owner_connection.execute("SELECT count(*) FROM pg_proc WHERE proname = 'deduct'").fetchone() == (1,)
