"""What was brought over from an old database, within the tenant in scope."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from lotkeeper.stock.models import Operation, StockMovement
from lotkeeper.stock.policies import MovementKind


def brought_before(prefix: str) -> Collection[str]:
    """The references of the operations that begin so."""
    references = Operation.objects.filter(reference_id__startswith=prefix).values_list("reference_id", flat=True)
    return {reference for reference in references if reference is not None}


def opening_units(operation_ids: Collection[int]) -> Decimal:
    """How much some operations brought as opening stock, by the ledger."""
    # Matched here and not by a join: in the transaction that wrote the rows the planner does not know yet how many
    # there are, and a join of 10 000 operations took longer than a statement may.
    lines = StockMovement.objects.filter(movement_type=MovementKind.OPENING).values_list("operation_id", "quantity")
    wanted = set(operation_ids)
    return sum(
        (quantity for operation_id, quantity in lines.iterator(chunk_size=5000) if operation_id in wanted), Decimal(0)
    )
