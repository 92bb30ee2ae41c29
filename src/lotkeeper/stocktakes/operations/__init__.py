"""Everything that changes a stock take, one verb each. Stock itself moves once, when it is reconciled."""

from lotkeeper.stocktakes.operations.closing import (
    approve_differences,
    cancel_stock_take,
    complete_stock_take,
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
from lotkeeper.stocktakes.operations.opening import Rules, Scope, open_stock_take

__all__ = [
    "MAX_OBSERVATIONS",
    "Found",
    "Observation",
    "Recorded",
    "Rules",
    "Scope",
    "approve_differences",
    "cancel_stock_take",
    "complete_stock_take",
    "open_stock_take",
    "reconcile_stock_take",
    "record_counts",
    "request_recount",
]
