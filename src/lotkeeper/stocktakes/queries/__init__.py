"""Stock takes to read: which there are, what is still to be counted, and where the shelves differ from the book."""

from lotkeeper.stocktakes.queries.lines import (
    LinesWanted,
    ToCount,
    VarianceLine,
    VarianceSummary,
    to_count,
    to_count_key,
    variance_key,
    variance_lines,
    variance_summary,
)
from lotkeeper.stocktakes.queries.takes import SLICE, scope_of, sees_book, stock_take_for, stock_takes

__all__ = [
    "SLICE",
    "LinesWanted",
    "ToCount",
    "VarianceLine",
    "VarianceSummary",
    "scope_of",
    "sees_book",
    "stock_take_for",
    "stock_takes",
    "to_count",
    "to_count_key",
    "variance_key",
    "variance_lines",
    "variance_summary",
]
