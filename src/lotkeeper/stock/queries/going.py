"""What a basket would take, line by line, and what stays on the shelf although it is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.stock.models import Batch
from lotkeeper.stock.policies import BatchStatus
from lotkeeper.stock.queries.batches import BatchView
from lotkeeper.stock.queries.previews import LineAsked, PreviewedPick, Shelf, shelves_of


@dataclass(frozen=True, slots=True)
class GoingLine:
    """What one line would take now. Nothing is promised by looking."""

    asked: LineAsked
    variation: ItemVariation
    #: All batches of the variation here, in the order in which they go.
    batches: Sequence[BatchView]
    picks: Sequence[PreviewedPick]
    available: Decimal
    #: Not offered, though it lies on the shelf.
    expired: Decimal
    kept_back: Decimal
    reserved: Decimal

    @property
    def missing(self) -> Decimal:
        """How much more is wanted than can be had."""
        return max(self.asked.quantity - self.available, Decimal(0))

    @property
    def lot_in_hand(self) -> Batch | None:
        """The lot that the line names, if it is in stock."""
        return next((view.batch for view in self.batches if view.batch.pk == self.asked.batch_id), None)

    @property
    def taken(self) -> Mapping[int, Decimal]:
        """How much of each batch."""
        return {pick.batch.pk: pick.quantity for pick in self.picks}


def what_goes(
    *, actor: Actor, permission: Permission, outlet_id: int, lines: Sequence[LineAsked]
) -> Sequence[GoingLine]:
    """What each line of a basket would take, those before it served already.

    Raises:
        PermissionRefused, NotFound.
    """
    actor.require(permission, outlet_id)
    shelves = shelves_of(outlet_id, {line.variation_id for line in lines})
    # As when it is posted: a named lot first, so that the rule does not take it away under its own request.
    numbered = sorted(enumerate(lines), key=lambda each: (each[1].batch_id is None, each[0]))
    going = {number: _going(number, line, shelves[line.variation_id]) for number, line in numbered}
    return [going[number] for number in range(len(lines))]


def _going(number: int, line: LineAsked, shelf: Shelf) -> GoingLine:
    override = shelf.has_earlier(line.batch_id)
    picks, available = shelf.take(line.quantity, line.batch_id)
    views = [_seen(batch, shelf) for batch in shelf.in_order()]
    on_sale = [view for view in views if view.batch.status == BatchStatus.AVAILABLE]
    return GoingLine(
        asked=line,
        variation=shelf.variation,
        batches=views,
        picks=[PreviewedPick(number, shelf.batches[pick.batch_id], pick.quantity, override) for pick in picks],
        available=available,
        expired=sum((view.batch.quantity for view in on_sale if view.is_expired), Decimal(0)),
        kept_back=sum((view.batch.quantity for view in views if view not in on_sale), Decimal(0)),
        reserved=shelf.reserved,
    )


def _seen(batch: Batch, shelf: Shelf) -> BatchView:
    batch.variation = shelf.variation
    return BatchView(batch, shelf.today)
