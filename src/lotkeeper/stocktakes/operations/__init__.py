"""Everything that changes a stock take, one verb each. Stock itself moves once, when it is reconciled."""

from lotkeeper.stocktakes.operations.closing import (
    approve_differences,
    cancel_stock_take,
    complete_stock_take,
    note_stock_take,
    reconcile_stock_take,
    request_recount,
)
from lotkeeper.stocktakes.operations.counting import (
    MAX_OBSERVATIONS,
    Found,
    Observation,
    Recorded,
    record_counts,
)
from lotkeeper.stocktakes.operations.opening import MAX_ASSIGNEES, MAX_LISTED, Rules, Scope, open_stock_take
from lotkeeper.stocktakes.operations.swapping import swap_batches

__all__ = [
    "MAX_ASSIGNEES",
    "MAX_LISTED",
    "MAX_OBSERVATIONS",
    "Found",
    "Observation",
    "Recorded",
    "Rules",
    "Scope",
    "approve_differences",
    "cancel_stock_take",
    "complete_stock_take",
    "note_stock_take",
    "open_stock_take",
    "reconcile_stock_take",
    "record_counts",
    "request_recount",
    "swap_batches",
]
