"""Migrating brings the database's functions to their current text, whatever stands there."""

from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from lotkeeper.core.postgres.scripts import read_script


@pytest.mark.xdist_group("migrate")
def test_a_function_of_an_older_version_is_replaced(owner_connection: psycopg.Connection) -> None:
    current = owner_connection.execute("SELECT prosrc FROM pg_proc WHERE proname = 'live_reserved'").fetchone()
    older = read_script("lotkeeper.stock", "sql/functions/10_rules.sql").replace("coalesce(sum(l.quantity), 0)", "1.0")
    owner_connection.execute(older)
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
