"""Ids in addresses: whole numbers that a database can hold."""

from __future__ import annotations

from lotkeeper.core.quantity import MAX_ID


class IdConverter:
    """``<id:user_id>``: an id in a path; any other number leads nowhere, and so to 404."""

    regex = "[1-9][0-9]{0,18}"

    def to_python(self, value: str) -> int:
        """The id, if a bigint can hold it."""
        number = int(value)
        if number > MAX_ID:
            raise ValueError
        return number

    def to_url(self, value: int) -> str:
        """The id in an address."""
        return str(value)
