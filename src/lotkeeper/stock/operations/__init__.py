"""Everything that changes stock, one verb each; nothing else may.

How one is added: docs/how-to/add-a-stock-operation.md.
"""

from lotkeeper.stock._ledger import (
    Arrival,
    BatchLine,
    BatchOperation,
    Counted,
    CountLine,
    CountPosting,
    Entry,
    Fate,
    Issue,
    IssueLine,
    Movement,
    Outcome,
    Posting,
)
from lotkeeper.stock.operations._entry import fingerprint, past_entry
from lotkeeper.stock.operations.batches import amend_batch, archive_batch, hold_batch, release_batch
from lotkeeper.stock.operations.corrections import (
    BatchQuantity,
    VariationQuantity,
    adjust_stock,
    import_corrections,
    return_sale,
    return_stock,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.operations.counts import post_counts
from lotkeeper.stock.operations.issues import deduct_stock, import_sales, issue_for_transfer
from lotkeeper.stock.operations.receipts import (
    ReceiptLine,
    import_opening_stock,
    import_purchases,
    receive_from_transfer,
    receive_stock,
)
from lotkeeper.stock.operations.reservations import (
    Reserved,
    commit_reservation,
    lapse_reservations,
    release_reservation,
    reserve_stock,
)
from lotkeeper.stock.operations.tills import TillSale, sell_at_till

__all__ = [
    "Arrival",
    "BatchLine",
    "BatchOperation",
    "BatchQuantity",
    "CountLine",
    "CountPosting",
    "Counted",
    "Entry",
    "Fate",
    "Issue",
    "IssueLine",
    "Movement",
    "Outcome",
    "Posting",
    "ReceiptLine",
    "Reserved",
    "TillSale",
    "VariationQuantity",
    "adjust_stock",
    "amend_batch",
    "archive_batch",
    "commit_reservation",
    "deduct_stock",
    "fingerprint",
    "hold_batch",
    "import_corrections",
    "import_opening_stock",
    "import_purchases",
    "import_sales",
    "issue_for_transfer",
    "lapse_reservations",
    "past_entry",
    "post_counts",
    "receive_from_transfer",
    "receive_stock",
    "release_batch",
    "release_reservation",
    "reserve_stock",
    "return_sale",
    "return_stock",
    "reverse_operation",
    "sell_at_till",
    "write_off_stock",
]
