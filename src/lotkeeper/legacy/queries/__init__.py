"""What is read: the old database, and what was brought over from it before. Nothing here changes anything."""

from lotkeeper.legacy.queries.brought import brought_before, opening_units
from lotkeeper.legacy.queries.reading import picture_names, read_old_stock
from lotkeeper.legacy.queries.sources import open_source

__all__ = ["brought_before", "open_source", "opening_units", "picture_names", "read_old_stock"]
