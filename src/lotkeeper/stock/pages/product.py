"""A product's stock: its lots at each outlet in the order in which they go, and why there is so much of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.queries import get_variation
from lotkeeper.outlets.queries import outlet_for
from lotkeeper.stock.pages._outlets import MAX_OUTLETS, number_in, place_to_look
from lotkeeper.stock.queries import (
    BatchesWanted,
    BatchView,
    MovementsWanted,
    OnHand,
    StockRow,
    StockWanted,
    Window,
    batch_for,
    batches,
    movements,
    on_hand,
    statement_of,
    stock_rows_of,
)
from lotkeeper.web.errors import InvalidCursor

#: The last lines of the ledger; the statement has them all.
RECENT: Final = 8
#: Lots that are put away, held empty or sold out: the newest of them.
EMPTY_LOTS: Final = 20
_signer: Final = signing.Signer(salt="statement")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One outlet's part of a product's stock."""

    stock: OnHand
    views: Sequence[BatchView]
    may: frozenset[str]


@require_safe
@for_people
def stock_product(request: HttpRequest, variation_id: int) -> HttpResponse:
    """All lots of one variation, outlet by outlet."""
    actor = actor_of(request)
    place = place_to_look(request)
    variation = get_variation(variation_id)
    wanted = StockWanted(outlet_id=place.outlet_id, variation_id=variation_id)
    row = stock_rows_of(actor, [variation], outlet_id=place.outlet_id)[variation_id]
    shelves = _shelves(actor, on_hand(actor, wanted, Window(None, MAX_OUTLETS)), row)
    ledger = MovementsWanted(outlet_id=place.outlet_id, variation_id=variation_id, newest_first=True)
    empty = batches(
        actor,
        BatchesWanted(outlet_id=place.outlet_id, variation_id=variation_id, in_stock=False),
        Window(None, EMPTY_LOTS),
    )
    context = {
        "variation": variation,
        "row": row,
        "shelves": shelves,
        "totals": _totals(shelves),
        "empty_lots": empty,
        "recent": movements(actor, ledger, Window(None, RECENT)),
        "place": place,
        "lot": request.GET.get("lot", ""),
    }
    return render(request, "stock/product.html", context)


@require_safe
@for_people
def statement(request: HttpRequest, variation_id: int) -> HttpResponse:
    """Why there is so much: opening balance, every line of the ledger, and what it left."""
    actor = actor_of(request)
    place_to_look(request)
    variation = get_variation(variation_id)
    outlet_id, batch_id = number_in(request.GET.get("outlet")), number_in(request.GET.get("batch"))
    batch = None if batch_id is None else batch_for(actor, batch_id)
    shown = statement_of(
        actor,
        MovementsWanted(outlet_id=outlet_id, variation_id=variation_id, batch_id=batch_id),
        _before(request),
    )
    context = {
        "variation": variation,
        "outlet": None if outlet_id is None else outlet_for(actor, outlet_id),
        "batch": batch,
        "statement": shown,
        "earlier": None if shown.earlier is None else _signer.sign_object(list(shown.earlier)),
        "is_last": "before" not in request.GET,
        "asked": request.GET,
    }
    return render(request, "stock/statement.html", context)


def _shelves(actor: Actor, stock: Sequence[OnHand], row: StockRow) -> Sequence[Shelf]:
    at: dict[int, list[BatchView]] = defaultdict(list)
    for view in row.batches:
        at[view.batch.outlet_id].append(view)
    shelves = [
        Shelf(
            each,
            at[each.outlet_id],
            frozenset(permission.value for permission in Permission if actor.may(permission, each.outlet_id)),
        )
        for each in stock
    ]
    return sorted(shelves, key=lambda shelf: shelf.stock.outlet_name)


def _totals(shelves: Sequence[Shelf]) -> dict[str, Decimal]:
    names = ("on_hand", "sellable", "expired", "held", "reserved", "available")
    return {name: sum((getattr(shelf.stock, name) for shelf in shelves), Decimal(0)) for name in names}


def _before(request: HttpRequest) -> Sequence[str | int] | None:
    sealed = request.GET.get("before")
    if sealed is None:
        return None
    try:
        recorded_at, batch_id, version = _signer.unsign_object(sealed)
    except (signing.BadSignature, ValueError) as error:
        raise InvalidCursor from error
    return [recorded_at, batch_id, version]
