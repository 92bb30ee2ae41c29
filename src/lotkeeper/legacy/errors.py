"""What the doctor refuses as a whole; a fault of the old stock is no refusal but a finding."""

from __future__ import annotations

from lotkeeper.core.errors import Conflict, Refusal


class OldStockNotReadable(Refusal):
    """There is no database at the address, or something in it cannot be understood."""

    code = "old_stock_not_readable"
    title = "The old stock cannot be read"
    sentence = "{source} cannot be read: {why}."


class NotTheOldSchema(Refusal):
    """The database is another program's, or lacks a table or column that the doctor needs."""

    code = "not_the_old_schema"
    title = "This is not the old stock database"
    sentence = "{source} is not the old stock database: {missing}. Nothing was read further."


class OldStockChanged(Conflict):
    """The stock was brought over before, and the old database or the trusted figures now say something else."""

    code = "old_stock_changed"
    title = "The stock was brought over before, with other figures"
    sentence = (
        "The stock was brought over before with other figures: they differ at {count} of its batches, first at {first}."
        " Nothing was written. What differs is put right by a count or an adjustment."
    )
