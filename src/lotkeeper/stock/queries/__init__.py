"""What there is, where, what would go first, and what happened. Everything reads within the tenant in scope."""

from lotkeeper.stock.queries._window import Window
from lotkeeper.stock.queries.balances import Statement, StatementLine, statement_of
from lotkeeper.stock.queries.batches import (
    BatchesWanted,
    BatchView,
    batch_for,
    batch_key,
    batches,
    require_batches_of,
    variations_of_batches,
)
from lotkeeper.stock.queries.going import GoingLine, what_goes
from lotkeeper.stock.queries.movements import (
    MovementLine,
    MovementsWanted,
    OperationView,
    movement_key,
    movements,
    operation_for,
    sale_by_reference,
)
from lotkeeper.stock.queries.on_hand import OnHand, StockWanted, on_hand, on_hand_key
from lotkeeper.stock.queries.previews import (
    IssuePreview,
    LineAsked,
    PreviewedPick,
    get_fifo_batches,
    issue_policy,
    lot_of,
    preview_deduction,
    preview_issue,
    reserved_quantity,
)
from lotkeeper.stock.queries.reservations import reservation_for, reservations
from lotkeeper.stock.queries.shelves import (
    SOON_DAYS,
    Attention,
    StockRow,
    StockRowsWanted,
    stock_row_key,
    stock_rows,
    stock_rows_of,
)
from lotkeeper.stock.queries.visibility import visible_outlets

__all__ = [
    "SOON_DAYS",
    "Attention",
    "BatchView",
    "BatchesWanted",
    "GoingLine",
    "IssuePreview",
    "LineAsked",
    "MovementLine",
    "MovementsWanted",
    "OnHand",
    "OperationView",
    "PreviewedPick",
    "Statement",
    "StatementLine",
    "StockRow",
    "StockRowsWanted",
    "StockWanted",
    "Window",
    "batch_for",
    "batch_key",
    "batches",
    "get_fifo_batches",
    "issue_policy",
    "lot_of",
    "movement_key",
    "movements",
    "on_hand",
    "on_hand_key",
    "operation_for",
    "preview_deduction",
    "preview_issue",
    "require_batches_of",
    "reservation_for",
    "reservations",
    "reserved_quantity",
    "sale_by_reference",
    "statement_of",
    "stock_row_key",
    "stock_rows",
    "stock_rows_of",
    "variations_of_batches",
    "visible_outlets",
    "what_goes",
]
