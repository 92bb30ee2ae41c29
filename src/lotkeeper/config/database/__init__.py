"""Where the database is: the embedded server, or the one DATABASE_URL names."""

from __future__ import annotations

from lotkeeper.config.database.connection import connection_settings, data_directory
from lotkeeper.config.database.location import home_directory

__all__ = ["connection_settings", "data_directory", "home_directory"]
