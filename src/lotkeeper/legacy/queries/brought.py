"""What was brought over from an old database before."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from lotkeeper.stock.models import Operation, StockMovement
from lotkeeper.stock.policies import MovementKind


class BroughtBefore(NamedTuple):
    """The references of the opening operations, and how much they brought in all."""

    references: Collection[str]
    units: Decimal


def brought_before(prefix: str) -> BroughtBefore:
    """The opening stock whose references begin so, within the tenant in scope."""
    operations = Operation.objects.filter(reference_id__startswith=prefix)
    units = StockMovement.objects.filter(
        operation_id__in=operations.values("id"), movement_type=MovementKind.OPENING
    ).aggregate(units=Sum("quantity"))["units"]
    references = operations.values_list("reference_id", flat=True)
    return BroughtBefore({reference for reference in references if reference}, units or Decimal(0))
