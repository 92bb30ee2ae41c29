"""How much there is of each variation at each outlet: now, and as it was known at any moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from lotkeeper.accounts.policies import Actor
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.postgres.statements import rows, statement
from lotkeeper.stock.queries._window import Window
from lotkeeper.stock.queries.visibility import visible_outlets


class OnHand(NamedTuple):
    """The stock of one variation at one outlet.

    On hand is sellable + expired + held; available is what is sellable and not reserved. Of the past only the
    quantity on hand is known.
    """

    outlet_id: int
    outlet_name: str
    variation_id: int
    sku: str
    product_name: str
    variation_name: str
    unit: str
    on_hand: Decimal
    sellable: Decimal | None = None
    expired: Decimal | None = None
    held: Decimal | None = None
    reserved: Decimal | None = None
    available: Decimal | None = None


@dataclass(frozen=True, slots=True)
class StockWanted:
    """Which stock to list; None leaves a question open."""

    outlet_id: int | None = None
    variation_id: int | None = None
    in_stock: bool | None = None
    as_of: dt.datetime | None = None


def on_hand(actor: Actor, wanted: StockWanted, window: Window) -> Sequence[OnHand]:
    """The stock that the actor may see, by outlet and variation: now, or as known at ``as_of``.

    What was entered later is not in the answer for an earlier moment, even when it is dated before that moment.

    Raises:
        NotFound: for an outlet that is not theirs to see.
        InvalidRequest: for a moment that has not come.
    """
    if wanted.as_of is not None and wanted.as_of > dt.datetime.now(dt.UTC):
        raise InvalidRequest({"as_of": ["That moment has not come yet."]})
    text = statement("lotkeeper.stock", "queries/stock_on_hand" if wanted.as_of is None else "queries/stock_as_of")
    outlet_id, variation_id = window.after or (None, None)
    found = rows(
        # Two words that differ with the direction of reading, and are none of the request's.
        text.format(beyond="<", order="DESC") if window.backwards else text.format(beyond=">", order="ASC"),
        {
            "outlets": visible_outlets(actor, wanted.outlet_id),
            "variation": wanted.variation_id,
            "in_stock": wanted.in_stock,
            "as_of": wanted.as_of,
            "after_outlet": outlet_id,
            "after_variation": variation_id,
            "limit": window.limit,
        },
    )
    return [OnHand(*row) for row in found]


def on_hand_key(stock: OnHand) -> Sequence[str | int]:
    """A row's place in the order."""
    return [stock.outlet_id, stock.variation_id]
