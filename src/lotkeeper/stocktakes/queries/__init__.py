"""Stock takes to read: which there are, what is still to be counted, and where the shelves differ from the book."""

from lotkeeper.stocktakes.queries.explanations import (
    ExplainedLine,
    explained_key,
    explained_lines,
    explanations_of,
)
from lotkeeper.stocktakes.queries.lines import (
    CountedLine,
    LinesWanted,
    Progress,
    ToCount,
    VarianceLine,
    VarianceSummary,
    counted_key,
    counted_lines,
    to_count,
    to_count_key,
    variance_key,
    variance_lines,
    variance_summary,
)
from lotkeeper.stocktakes.queries.proposals import MAX_PROPOSALS, Proposal, count_next
from lotkeeper.stocktakes.queries.seen import CountScan, observations_of, scanned
from lotkeeper.stocktakes.queries.takes import SLICE, counted_so_far, scope_of, sees_book, stock_take_for, stock_takes

__all__ = [
    "MAX_PROPOSALS",
    "SLICE",
    "CountScan",
    "CountedLine",
    "ExplainedLine",
    "LinesWanted",
    "Progress",
    "Proposal",
    "ToCount",
    "VarianceLine",
    "VarianceSummary",
    "count_next",
    "counted_key",
    "counted_lines",
    "counted_so_far",
    "explained_key",
    "explained_lines",
    "explanations_of",
    "observations_of",
    "scanned",
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
