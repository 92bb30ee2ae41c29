"""Everything that changes stock, one verb each; nothing else may.

How one is added: docs/how-to/add-a-stock-operation.md.
"""

from lotkeeper.stock._ledger import Arrival, IssueLine, Movement, Posting
from lotkeeper.stock.operations.batches import amend_batch, archive_batch, hold_batch, release_batch
from lotkeeper.stock.operations.corrections import (
    BatchQuantity,
    VariationQuantity,
    adjust_stock,
    return_sale,
    return_stock,
    reverse_operation,
    write_off_stock,
)
from lotkeeper.stock.operations.issues import deduct_stock, issue_for_transfer
from lotkeeper.stock.operations.receipts import ReceiptLine, receive_from_transfer, receive_stock
from lotkeeper.stock.operations.reservations import (
    Reserved,
    commit_reservation,
    lapse_reservations,
    release_reservation,
    reserve_stock,
)

__all__ = [
    "Arrival",
    "BatchQuantity",
    "IssueLine",
    "Movement",
    "Posting",
    "ReceiptLine",
    "Reserved",
    "VariationQuantity",
    "adjust_stock",
    "amend_batch",
    "archive_batch",
    "commit_reservation",
    "deduct_stock",
    "hold_batch",
    "issue_for_transfer",
    "lapse_reservations",
    "receive_from_transfer",
    "receive_stock",
    "release_batch",
    "release_reservation",
    "reserve_stock",
    "return_sale",
    "return_stock",
    "reverse_operation",
    "write_off_stock",
]
