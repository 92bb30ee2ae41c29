"""Where the database is: the embedded server, or the one DATABASE_URL names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any


def home_directory() -> Path:
    return Path(os.environ.get("LOTKEEPER_HOME", ".lotkeeper")).resolve()


def connection_settings() -> dict[str, Any]:
    return {
        "ENGINE": "lotkeeper.core.postgres",
        "NAME": os.environ.get("LK_DB", "lk"),
        "USER": os.environ.get("LK_ROLE", "lk_app"),
        "HOST": os.environ.get("LK_SOCK", "/tmp/lkdev/sock"),
        "PORT": "54321",
        "CONN_MAX_AGE": None,
    }
