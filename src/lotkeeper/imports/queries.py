"""What an import needs to know before it posts. Everything reads within the tenant in scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.postgres.statements import rows, statement
from lotkeeper.outlets.queries import outlets_of


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
    left: dict[tuple[int, int], dict[int, Decimal]] = defaultdict(dict)
    asked = {"sales": list(set(sale_ids)), "variations": list(variation_ids)}
    for sale_id, variation_id, batch_id, quantity in rows(statement("lotkeeper.imports", "queries/sold_from"), asked):
        of_sale = left[sale_id, variation_id]
        of_sale[batch_id] = of_sale.get(batch_id, Decimal(0)) - quantity
    return {of: list(reversed(batches.items())) for of, batches in left.items()}
