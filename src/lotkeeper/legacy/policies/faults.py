"""What is wrong with an old stock: each kind of fault with a sentence for the shopkeeper and what to do about it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from lotkeeper.legacy.policies.balances import direction, reach
from lotkeeper.legacy.policies.rows import OldBatch, OldMovement, OldStock


class Finding(NamedTuple):
    """One row that a fault shows in, and the batch or product whose stock it casts doubt on."""

    cells: tuple[str, ...]
    batch_id: int | None = None
    product_id: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault, and every row it was found in."""

    code: str
    title: str
    sentence: str
    advice: str
    columns: tuple[str, ...]
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The faults that were found, and what could not be looked at."""

    faults: Sequence[Fault]
    not_looked_at: Sequence[str]

    @property
    def count(self) -> int:
        """How many rows were found in all."""
        return sum(len(fault.findings) for fault in self.faults)


@dataclass(frozen=True, slots=True)
class _Kind:
    code: str
    title: str
    sentence: str
    advice: str
    columns: tuple[str, ...]
    find: Callable[[OldStock, dt.date], Iterator[Finding]]


def find_faults(old: OldStock, *, today: dt.date, pictures: Container[str] | None) -> Diagnosis:
    """Look for every kind of fault.

    Args:
        old: the old stock.
        today: decides what is expired.
        pictures: the names of the picture files that are there; None if nobody said where they lie.
    """
    found = [
        Fault(kind.code, kind.title, kind.sentence, kind.advice, kind.columns, findings)
        for kind in _KINDS
        if (findings := list(kind.find(old, today)))
    ]
    not_looked_at = []
    if pictures is None:
        not_looked_at.append("Pictures: nobody said where their files lie (--media).")
    elif lost := list(_missing_pictures(old, pictures)):
        found.append(Fault(*_MISSING_PICTURES, lost))
    if not old.keeps_product_stock:
        not_looked_at.append("Stock figures of products: products_product keeps none.")
    return Diagnosis(found, not_looked_at)


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


_BATCH = ("batch", "number", "product", "outlet")
_MOVEMENT = ("movement", "kind", "quantity", "day")


def _movement_cells(movement: OldMovement) -> tuple[str, str, str, str]:
    day = movement.created_at.astimezone(dt.UTC).date().isoformat() if movement.created_at else ""
    return str(movement.id), movement.movement_type, shown(movement.quantity), day


def _stock_differs(old: OldStock, today: dt.date) -> Iterator[Finding]:
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


def _negative(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch in old.batches.values():
        if batch.quantity < 0:
            yield Finding((*batch_cells(old, batch), shown(batch.quantity)), batch.id)


def _expired(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch in old.batches.values():
        if batch.quantity > 0 and batch.expiry_date is not None and batch.expiry_date < today:
            cells = (*batch_cells(old, batch), shown(batch.quantity), batch.expiry_date.isoformat())
            yield Finding(cells, batch.id)


def _duplicates(old: OldStock, today: dt.date) -> Iterator[Finding]:
    alike: dict[tuple[int | None, int | None, str], list[OldBatch]] = defaultdict(list)
    for batch in old.batches.values():
        if batch.batch_number:
            alike[batch.variation_id, batch.outlet_id, batch.batch_number].append(batch)
    for batches in alike.values():
        if len(batches) > 1:
            for batch in batches:
                expiry = batch.expiry_date.isoformat() if batch.expiry_date else ""
                yield Finding((*batch_cells(old, batch), shown(batch.quantity), expiry), batch.id)


def _homeless(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch in old.batches.values():
        if old.place_of(batch) is None:
            yield Finding((*batch_cells(old, batch), shown(batch.quantity)), batch.id)


def _without_movements(old: OldStock, today: dt.date) -> Iterator[Finding]:
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


def _not_derivable(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch, cells, lowest, highest in _balances(old):
        if lowest < highest:
            yield Finding(cells, batch.id)


def _left_unseen(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch, cells, lowest, _ in _balances(old):
        if batch.quantity < lowest:
            yield Finding((*cells, shown(lowest - batch.quantity)), batch.id)


def _came_unseen(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch, cells, _, highest in _balances(old):
        if batch.quantity > highest:
            yield Finding((*cells, shown(batch.quantity - highest)), batch.id)


def _orphans(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for movement in old.movements:
        if movement.batch_id not in old.batches:
            product = old.product_of(movement.variation_id)
            yield Finding(
                (*_movement_cells(movement), str(movement.batch_id or ""), product.name if product else ""),
                product_id=product.id if product else None,
            )


def _foreign(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch_id, movements in old.movements_of.items():
        batch = old.batches[batch_id]
        for movement in movements:
            if movement.tenant_id is not None and movement.tenant_id != batch.tenant_id:
                cells = (*_movement_cells(movement), str(batch_id), str(movement.tenant_id), str(batch.tenant_id))
                yield Finding(cells, batch_id)


def _elsewhere(old: OldStock, today: dt.date) -> Iterator[Finding]:
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


def _sold_expired(old: OldStock, today: dt.date) -> Iterator[Finding]:
    for batch, movement, sold_at in _sales(old):
        if batch.expiry_date is not None and batch.expiry_date < earliest_day(sold_at):
            cells = (*_movement_cells(movement), batch.batch_number, batch.expiry_date.isoformat())
            yield Finding(cells, batch.id)


def _sold_out_of_order(old: OldStock, today: dt.date) -> Iterator[Finding]:
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


def _missing_pictures(old: OldStock, pictures: Container[str]) -> Iterator[Finding]:
    for product in old.products.values():
        if product.image and product.image not in pictures:
            yield Finding((str(product.id), product.name, product.image), product_id=product.id)


_MISSING_PICTURES = (
    "missing_pictures",
    "Pictures whose file is missing",
    "The product names a picture, and there is no such file; pages that insist on it break.",
    "Nothing for the stock: pictures are optional in Lotkeeper, and a product without one shows a placeholder.",
    ("product", "name", "file"),
)
_KINDS = (
    _Kind(
        "stock_differs",
        "The product's stock is not the sum of its batches",
        "The old system kept two figures for the same shelf, and they have drifted apart.",
        "Count these products, or decide which figure to trust: --trust batches or --trust product-stock.",
        ("product", "name", "stock of the product", "sum of batches", "difference"),
        _stock_differs,
    ),
    _Kind(
        "negative_batches",
        "Batches that hold less than nothing",
        "More was taken from the batch than it held: goods were sold from another batch than the one that was booked.",
        "Count every batch of these products. A negative batch is brought over as nothing.",
        (*_BATCH, "quantity"),
        _negative,
    ),
    _Kind(
        "expired_on_sale",
        "Expired stock that is still on sale",
        "The printed date has passed and the old system still counts the goods as stock.",
        "Take the goods off the shelf. They are brought over, are never sold there, and are written off as expired.",
        (*_BATCH, "quantity", "expired"),
        _expired,
    ),
    _Kind(
        "duplicate_batches",
        "The same batch more than once",
        "One number of one product stands twice at an outlet, so nobody knows which of the rows the shelf is.",
        "Count them together. Rows with the same date and cost become one batch, others stay apart.",
        (*_BATCH, "quantity", "expiry"),
        _duplicates,
    ),
    _Kind(
        "batches_without_a_place",
        "Batches of no product, no outlet, or another business",
        "The product or outlet of the batch was deleted, or belongs to another business than the batch.",
        "They are not brought over. Where the goods exist, receive them by hand.",
        (*_BATCH, "quantity"),
        _homeless,
    ),
    _Kind(
        "batches_without_movements",
        "Batches that hold stock nobody booked",
        "There is a quantity and not one movement that says where it came from.",
        "Compare with the delivery notes, or count them.",
        (*_BATCH, "quantity"),
        _without_movements,
    ),
    _Kind(
        "balance_not_derivable",
        "Adjustments without a sign",
        "Two more and two less were written as the same row, so movements leave a range and no figure.",
        "Nothing can be worked out here: count these batches, or trust the quantity that stands on them.",
        (*_BATCH, "quantity", "at least", "at most"),
        _not_derivable,
    ),
    _Kind(
        "left_without_movement",
        "Stock that left without a line",
        "The batch holds less than all of its movements together can explain: something was sold or taken unbooked.",
        "Look for sales that were not booked, then count these batches.",
        (*_BATCH, "quantity", "at least", "at most", "missing"),
        _left_unseen,
    ),
    _Kind(
        "came_without_movement",
        "Stock that came without a line",
        "The batch holds more than all of its movements together can explain: something came in unbooked.",
        "Compare with the delivery notes, then count these batches.",
        (*_BATCH, "quantity", "at least", "at most", "unexplained"),
        _came_unseen,
    ),
    _Kind(
        "orphaned_movements",
        "Movements of batches that are gone",
        "The batch was deleted and its history stayed behind, belonging to nothing.",
        "Nothing to do for the stock; keep the old database as the record of these.",
        (*_MOVEMENT, "batch", "product"),
        _orphans,
    ),
    _Kind(
        "movements_of_other_businesses",
        "Movements of another business's batch",
        "One business's movement changed the stock of another.",
        "Both businesses count the batch. Lotkeeper's database refuses this.",
        (*_MOVEMENT, "batch", "business of the movement", "business of the batch"),
        _foreign,
    ),
    _Kind(
        "movements_elsewhere",
        "Movements that name another product or outlet than their batch",
        "Reports by product or outlet and reports by batch tell different stories.",
        "Count the batch, and what the movement names.",
        (*_MOVEMENT, "batch", "the movement says", "the batch says"),
        _elsewhere,
    ),
    _Kind(
        "sold_expired",
        "Goods sold after their date",
        "The sale was booked on a later day than the one printed on the goods.",
        "See whether customers have to be told. Nothing to do for the stock.",
        (*_MOVEMENT, "number", "expired"),
        _sold_expired,
    ),
    _Kind(
        "sold_out_of_order",
        "A later batch sold while an earlier one stood there",
        "Goods that expire sooner were on the shelf and stayed there.",
        "Sell the earlier batch next; Lotkeeper picks it by itself.",
        (*_MOVEMENT, "sold from", "stood there", "which expires"),
        _sold_out_of_order,
    ),
)
