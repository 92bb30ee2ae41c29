"""Image files, which the database cannot roll back: written before the commit that names them, removed after."""

from __future__ import annotations

from functools import partial

from django.core.files.storage import default_storage
from django.db import transaction


def delete_on_commit(name: str | None) -> None:
    """Remove a file once nothing names it any more, if there is one."""
    if name:
        transaction.on_commit(partial(default_storage.delete, name))
