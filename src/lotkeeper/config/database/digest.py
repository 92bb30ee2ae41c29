"""One fingerprint over everything that shapes the schema, so that nothing is migrated twice for nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lotkeeper.config.database.location import PACKAGE_DIRECTORY

# The models count too: the rights of the application's role are read from them. So does the code that sets them.
SHAPING_FILES = (
    "**/migrations/**/*.py",
    "**/*.sql",
    "**/models.py",
    "core/models.py",
    "core/postgres/*.py",
    "core/management/commands/migrate.py",
    "config/database/roles.py",
)


def schema_digest() -> str:
    """The fingerprint of this version's schema: our migrations, functions and rights, and the packages installed."""
    fingerprint = hashlib.sha256()
    files = {path for pattern in SHAPING_FILES for path in PACKAGE_DIRECTORY.glob(pattern)}
    for path in sorted(files):
        fingerprint.update(f"{path.relative_to(PACKAGE_DIRECTORY)} ".encode())
        fingerprint.update(path.read_bytes())
    fingerprint.update("\n".join(installed_packages()).encode())
    return fingerprint.hexdigest()


def installed_packages() -> list[str]:
    """The packages beside Django, each with its version, as their folders name them."""
    import django  # found without being set up

    return sorted(path.name for path in Path(django.__file__).resolve().parents[1].glob("*.dist-info"))
