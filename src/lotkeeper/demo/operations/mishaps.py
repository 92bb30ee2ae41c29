"""What goes wrong in a shop, and how it is put right: expired, broken, stolen, miscounted, brought back."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from lotkeeper.demo.operations._shop import DemoShop
from lotkeeper.demo.policies.catalogue import Article
from lotkeeper.demo.policies.rhythm import is_fresh
from lotkeeper.demo.policies.story import PLACES, Place
from lotkeeper.demo.queries import ShelfLot, lines_sold, lots_on_shelf
from lotkeeper.stock.operations import BatchLine, BatchOperation, import_corrections, past_entry
from lotkeeper.stock.policies import MovementKind, OperationKind, is_expired

#: What expired in the last days still lies there: nobody walks the shelves every morning.
_UNNOTICED_DAYS: Final = 4
_RETURNS_A_ROUND: Final = 5
#: In turn and not by chance, beginning with another one at each outlet: a single round has all of them, on any day.
_LOSSES: Final = (MovementKind.DAMAGE, MovementKind.THEFT, MovementKind.DAMAGE, MovementKind.SAMPLE)
_LOSS_REASONS: Final = {
    MovementKind.DAMAGE: (
        "Dropped while filling the shelf",
        "Packaging torn",
        "Leaked in the store room",
        "Bruised, not fit for sale",
    ),
    MovementKind.THEFT: ("Empty box found on the shelf", "Missing after a busy afternoon"),
    MovementKind.SAMPLE: ("Opened as a tester",),
}
_DIFFERENCES: Final = (
    (-1, "Missing at the shelf check"),
    (-1, "Rung up as another variation"),
    (-2, "Missing at the shelf check"),
    (1, "Found behind other goods"),
    (1, "Delivered over and above the note"),
    (2, "Found in the store room"),
)
_RETURN_REASONS: Final = ("Bought twice", "Unopened, changed their mind", "Wrong size", "Gift, not wanted")


def put_right(
    *, shop: DemoShop, place: Place, articles: Mapping[int, Article], sales: Sequence[int], days: Sequence[dt.date]
) -> None:
    """The round through one outlet after some weeks of trade, of which ``days`` are all, in order."""
    lots = [lot for lot in lots_on_shelf(shop.outlet(place)) if lot.variation_id in articles]
    expired = [lot for lot in lots if is_expired(lot.expiry_date, -_UNNOTICED_DAYS, days[-1])]
    spoilt = {lot.batch_id for lot in expired}
    # Each batch at most once, so that what is taken is there.
    good = [lot for lot in lots if lot.batch_id not in spoilt and lot.quantity >= max(kind[0] for kind in _DIFFERENCES)]
    chosen = shop.rng.sample(good, min(len(good), shop.rng.randint(4, 7)))
    half = len(chosen) // 2
    write_offs = [_expired(shop, place, expired, days[-1])] if expired else []
    kinds = itertools.islice(itertools.cycle(_LOSSES), 2 * PLACES.index(place), None)
    for lot, kind in zip(chosen[:half], kinds, strict=False):
        at = place.moment(shop.rng.choice(days[-7:]), 18)
        write_offs.append(_loss(shop, articles[lot.variation_id], lot, kind, at))
    adjustments = [_difference(shop, place, articles, lot, days) for lot in chosen[half:]]
    for operations in (write_offs, adjustments, _returns(shop, place, articles, sales, days)):
        if operations:
            import_corrections(actor=shop.bookkeeper, outlet_id=shop.outlet(place), operations=operations)


def _expired(shop: DemoShop, place: Place, lots: Sequence[ShelfLot], day: dt.date) -> BatchOperation:
    lines = [BatchLine(MovementKind.EXPIRY, -lot.quantity, lot.batch_id) for lot in lots]
    return _operation(OperationKind.WRITE_OFF, lines, "Expired, found on the round", place.moment(day, 7, 40))


def _loss(shop: DemoShop, article: Article, lot: ShelfLot, kind: MovementKind, at: dt.datetime) -> BatchOperation:
    lines = [BatchLine(kind, -_little(article, 1), lot.batch_id)]
    return _operation(OperationKind.WRITE_OFF, lines, shop.rng.choice(_LOSS_REASONS[kind]), at)


def _difference(
    shop: DemoShop, place: Place, articles: Mapping[int, Article], lot: ShelfLot, days: Sequence[dt.date]
) -> BatchOperation:
    difference, reason = shop.rng.choice(_DIFFERENCES)
    lines = [BatchLine(MovementKind.ADJUSTMENT, _little(articles[lot.variation_id], difference), lot.batch_id)]
    return _operation(OperationKind.ADJUSTMENT, lines, reason, place.moment(shop.rng.choice(days[-7:]), 18))


def _returns(
    shop: DemoShop, place: Place, articles: Mapping[int, Article], sales: Sequence[int], days: Sequence[dt.date]
) -> Sequence[BatchOperation]:
    """Some of what was sold comes back into its batch; never medicines or fresh food, which nobody may sell again."""
    looked_at = shop.rng.sample(sales, min(len(sales), 4 * _RETURNS_A_ROUND))
    returned: dict[int, BatchOperation] = {}
    for line in lines_sold(looked_at):
        article = articles[line.variation_id]
        if article.category[0] == "Medicines" or article.decimals or is_fresh(article):
            continue
        at = min(line.occurred_at + dt.timedelta(days=shop.rng.randint(1, 5)), place.moment(days[-1], 17))
        if line.operation_id not in returned and at > line.occurred_at:
            lines = [BatchLine(MovementKind.CUSTOMER_RETURN, line.quantity, line.batch_id)]
            reason = shop.rng.choice(_RETURN_REASONS)
            operation = _operation(OperationKind.RETURN, lines, reason, at, refers_to=line.operation_id)
            returned[line.operation_id] = operation
    return list(returned.values())[:_RETURNS_A_ROUND]


def _operation(
    kind: OperationKind,
    lines: Sequence[BatchLine],
    reason: str,
    at: dt.datetime,
    refers_to: int | None = None,
) -> BatchOperation:
    entry = past_entry(kind, {"lines": lines}, reference_id=None, occurred_at=at, reason=reason, refers_to=refers_to)
    return BatchOperation(entry, lines)


def _little(article: Article, pieces: int) -> Decimal:
    return Decimal(pieces) if not article.decimals else Decimal(pieces * 125).scaleb(-3)
