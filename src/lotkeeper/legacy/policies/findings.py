"""Where each kind of fault shows: one function each, over plain rows."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from lotkeeper.legacy.policies.balances import direction, reach
from lotkeeper.legacy.policies.rows import OldBatch, OldMovement, OldStock


class Finding(NamedTuple):
    """One row that a fault shows in, and the batch or product whose stock it casts doubt on."""

    cells: tuple[str, ...]
    batch_id: int | None = None
    product_id: int | None = None


def earliest_day(moment: dt.datetime) -> dt.date:
    """The day that it was at least, wherever the shop is: the old system kept no time zone of its outlets."""
    return (moment.astimezone(dt.UTC) - dt.timedelta(hours=12)).date()


def latest_day(moment: dt.datetime) -> dt.date:
    """The day that it was at most, wherever the shop is."""
    return (moment.astimezone(dt.UTC) + dt.timedelta(hours=14)).date()


def shown(quantity: Decimal | None) -> str:
    """A quantity as it is written on paper: 3 and not 3.000."""
    return "" if quantity is None else f"{quantity.normalize():f}"


def batch_cells(old: OldStock, batch: OldBatch) -> tuple[str, str, str, str]:
    """A batch for people: its number there, what is printed on it, the product, the outlet."""
    product = old.product_of(batch.variation_id)
    outlet = None if batch.outlet_id is None else old.outlets.get(batch.outlet_id)
    return (
        str(batch.id),
        batch.batch_number,
        product.name if product else f"(variation {batch.variation_id})",
        outlet.name if outlet else f"(outlet {batch.outlet_id})",
    )


def _movement_cells(movement: OldMovement) -> tuple[str, str, str, str]:
    day = movement.created_at.astimezone(dt.UTC).date().isoformat() if movement.created_at else ""
    return str(movement.id), movement.movement_type, shown(movement.quantity), day


def differing_stock(old: OldStock, today: dt.date) -> Iterator[Finding]:
    held: dict[int, Decimal] = defaultdict(Decimal)
    for batch in old.batches.values():
        product = old.product_of(batch.variation_id)
        if product is not None:
            held[product.id] += batch.quantity
    for product in old.products.values():
        if product.stock is not None and product.stock != held[product.id]:
            difference = product.stock - held[product.id]
            cells = (str(product.id), product.name, shown(product.stock), shown(held[product.id]), shown(difference))
            yield Finding(cells, product_id=product.id)


def negative_batches(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch in old.batches.values():
        if batch.quantity < 0:
            yield Finding((*batch_cells(old, batch), shown(batch.quantity)), batch.id)


def expired_batches(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch in old.batches.values():
        if batch.quantity > 0 and batch.expiry_date is not None and batch.expiry_date < today:
            cells = (*batch_cells(old, batch), shown(batch.quantity), batch.expiry_date.isoformat())
            yield Finding(cells, batch.id)


def duplicate_batches(old: OldStock, today: dt.date) -> Iterator[Finding]:
    alike: dict[tuple[int | None, int | None, str], list[OldBatch]] = defaultdict(list)
    for batch in old.batches.values():
        if batch.batch_number:
            alike[batch.variation_id, batch.outlet_id, batch.batch_number].append(batch)
    for batches in alike.values():
        if len(batches) > 1:
            for batch in batches:
                expiry = batch.expiry_date.isoformat() if batch.expiry_date else ""
                yield Finding((*batch_cells(old, batch), shown(batch.quantity), expiry), batch.id)


def batches_without_a_place(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch in old.batches.values():
        if old.place_of(batch) is None:
            yield Finding((*batch_cells(old, batch), shown(batch.quantity)), batch.id)


def batches_without_movements(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch_id, movements in old.movements_of.items():
        batch = old.batches[batch_id]
        if batch.quantity and not movements:
            yield Finding((*batch_cells(old, batch), shown(batch.quantity)), batch_id)


def _balances(old: OldStock) -> Iterator[tuple[OldBatch, tuple[str, ...], Decimal, Decimal]]:
    """Each batch that has movements, with what it holds and what it can hold by them."""
    for batch_id, movements in old.movements_of.items():
        if movements:
            batch = old.batches[batch_id]
            lowest, highest = reach(movements)
            cells = (*batch_cells(old, batch), shown(batch.quantity), shown(lowest), shown(highest))
            yield batch, cells, lowest, highest


def balances_not_derivable(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch, cells, lowest, highest in _balances(old):
        if lowest < highest:
            yield Finding(cells, batch.id)


def stock_that_left_unseen(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch, cells, lowest, _ in _balances(old):
        if batch.quantity < lowest:
            yield Finding((*cells, shown(lowest - batch.quantity)), batch.id)


def stock_that_came_unseen(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch, cells, _, highest in _balances(old):
        if batch.quantity > highest:
            yield Finding((*cells, shown(batch.quantity - highest)), batch.id)


def orphaned_movements(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for movement in old.movements:
        if movement.batch_id not in old.batches:
            product = old.product_of(movement.variation_id)
            yield Finding(
                (*_movement_cells(movement), str(movement.batch_id or ""), product.name if product else ""),
                product_id=product.id if product else None,
            )


def movements_of_other_businesses(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch_id, movements in old.movements_of.items():
        batch = old.batches[batch_id]
        for movement in movements:
            if movement.tenant_id is not None and movement.tenant_id != batch.tenant_id:
                cells = (*_movement_cells(movement), str(batch_id), str(movement.tenant_id), str(batch.tenant_id))
                yield Finding(cells, batch_id)


def movements_elsewhere(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch_id, movements in old.movements_of.items():
        batch = old.batches[batch_id]
        for movement in movements:
            is_of_it = movement.variation_id in {None, batch.variation_id}
            if not is_of_it or movement.outlet_id not in {None, batch.outlet_id}:
                told = f"variation {movement.variation_id}, outlet {movement.outlet_id}"
                right = f"variation {batch.variation_id}, outlet {batch.outlet_id}"
                yield Finding((*_movement_cells(movement), str(batch_id), told, right), batch_id)


def _sales(old: OldStock) -> Iterator[tuple[OldBatch, OldMovement, dt.datetime]]:
    for batch_id, movements in old.movements_of.items():
        for movement in movements:
            if movement.movement_type.casefold() == "sale" and movement.created_at is not None:
                yield old.batches[batch_id], movement, movement.created_at


def expired_sales(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch, movement, sold_at in _sales(old):
        if batch.expiry_date is not None and batch.expiry_date < earliest_day(sold_at):
            cells = (*_movement_cells(movement), batch.batch_number, batch.expiry_date.isoformat())
            yield Finding(cells, batch.id)


def sales_out_of_order(old: OldStock, today: dt.date) -> Iterator[Finding]:
    """Only what is certain: the earlier batch holds what its lines add up to, and nothing came to it since the sale."""
    standing = _standing_since(old)
    for batch, movement, sold_at in _sales(old):
        for earlier, since in standing.get((batch.variation_id, batch.outlet_id), ()):
            expiry = earlier.expiry_date
            if (
                expiry is not None
                and (batch.expiry_date is None or expiry < batch.expiry_date)
                and expiry >= latest_day(sold_at)
                and since <= sold_at
            ):
                cells = (*_movement_cells(movement), batch.batch_number, earlier.batch_number, expiry.isoformat())
                yield Finding(cells, batch.id)
                break


def _standing_since(old: OldStock) -> Mapping[tuple[int | None, int | None], list[tuple[OldBatch, dt.datetime]]]:
    """By variation and outlet the batches that hold something, and since when each has held it for certain."""
    standing: dict[tuple[int | None, int | None], list[tuple[OldBatch, dt.datetime]]] = defaultdict(list)
    for batch_id, movements in old.movements_of.items():
        batch = old.batches[batch_id]
        came = [movement.created_at for movement in movements if direction(movement) >= 0]
        dated = [moment for moment in (*came, batch.created_at) if moment is not None]
        is_certain = reach(movements) == (batch.quantity, batch.quantity) and len(dated) == len(came) + 1
        if batch.quantity > 0 and is_certain:
            standing[batch.variation_id, batch.outlet_id].append((batch, max(dated)))
    return standing


def missing_pictures(old: OldStock, pictures: Container[str]) -> Iterator[Finding]:
    for product in old.products.values():
        if product.image and product.image not in pictures:
            yield Finding((str(product.id), product.name, product.image), product_id=product.id)
