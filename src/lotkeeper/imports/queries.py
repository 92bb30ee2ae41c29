"""What an import needs to know before it posts. Everything reads within the tenant in scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from django.db.models import Sum

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.outlets.queries import outlets_of
from lotkeeper.stock.models import StockMovement


class Place(NamedTuple):
    """An outlet by its number, with the zone in which its clock on the wall runs."""

    outlet_id: int
    name: str
    zone: ZoneInfo


class Known(NamedTuple):
    """A variation by its number, with how many decimals it is counted in."""

    variation_id: int
    decimals: int


#: What is left of a sale, by sale and variation: the batches it took, the last taken first, and how much of each.
SoldFrom: TypeAlias = Mapping[tuple[int, int], list[tuple[int, Decimal]]]


def places(actor: Actor, default: str | None = None) -> Mapping[str | None, Place]:
    """The outlets into which the actor may import, by name; None stands for rows that name no outlet.

    Args:
        actor: who imports.
        default: the outlet of rows that name none; not needed where there is only one.

    Raises:
        InvalidRequest: if there is no outlet of that name.
    """
    found: dict[str | None, Place] = {
        outlet.name: Place(outlet.pk, outlet.name, ZoneInfo(outlet.timezone))
        for outlet in outlets_of(actor, Permission.IMPORT).filter(is_active=True).order_by("name")
    }
    if default is not None and default not in found:
        raise InvalidRequest({"outlet": [f"There is no open outlet {default}."]}, f"There is no open outlet {default}.")
    if default is not None:
        found[None] = found[default]
    elif len(found) == 1:
        found[None] = next(iter(found.values()))
    return found


def variations_by_sku() -> Mapping[str, Known]:
    """Every variation by its SKU."""
    rows = ItemVariation.objects.values_list("sku", "id", "quantity_decimals")
    return {sku: Known(variation_id, decimals) for sku, variation_id, decimals in rows.iterator(chunk_size=5000)}


def sold_from(sale_ids: Collection[int], variation_ids: Collection[int]) -> SoldFrom:
    """From which batches sales took some variations, less what came back to them."""
    if not sale_ids:
        return {}
    lines = StockMovement.objects.filter(variation_id__in=variation_ids)
    back: dict[tuple[int, int], Decimal] = {
        (sale_id, batch_id): quantity
        for sale_id, batch_id, quantity in lines.filter(operation__refers_to_id__in=sale_ids)
        .values_list("operation__refers_to_id", "batch_id")
        .annotate(total=Sum("quantity"))
    }
    taken: dict[tuple[int, int], dict[int, Decimal]] = defaultdict(dict)
    for sale_id, variation_id, batch_id, quantity in (
        lines.filter(operation_id__in=sale_ids)
        .order_by("line", "recorded_at", "version")
        .values_list("operation_id", "variation_id", "batch_id", "quantity")
    ):
        of_sale = taken[sale_id, variation_id]
        of_sale[batch_id] = of_sale.get(batch_id, Decimal(0)) - quantity
    return {
        (sale_id, variation_id): [
            (batch_id, quantity - back.get((sale_id, batch_id), Decimal(0)))
            for batch_id, quantity in reversed(of_sale.items())
        ]
        for (sale_id, variation_id), of_sale in taken.items()
    }
