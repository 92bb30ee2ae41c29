"""Where the shelves differ from the book, what may explain it, and what is done about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias
from urllib.parse import urlencode

from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Permission
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.stock.pages import number_in
from lotkeeper.stock.queries import Window
from lotkeeper.stocktakes.models import StockTake, StockTakeStatus
from lotkeeper.stocktakes.operations import approve_differences, request_recount
from lotkeeper.stocktakes.policies import Explanation, ExplanationCode
from lotkeeper.stocktakes.queries import (
    CountedLine,
    LinesWanted,
    VarianceLine,
    counted_key,
    counted_lines,
    explanations_of,
    sees_book,
    stock_take_for,
    variance_key,
    variance_lines,
    variance_summary,
)
from lotkeeper.web.errors import InvalidCursor
from lotkeeper.web.fragments import go_to, show

ROWS: Final = 50
DIFFERENCES, UNAPPROVED = "differences", "unapproved"
#: What may explain a line, with the question that leads to the swap of two lots.
_Told: TypeAlias = Sequence[tuple[Explanation, str | None]]
_Row: TypeAlias = tuple[VarianceLine | CountedLine, _Told]
_OPEN: Final = frozenset({StockTakeStatus.DRAFT, StockTakeStatus.COMPLETED})


@require_safe
@for_people
def take_review(request: HttpRequest, stock_take_id: int) -> HttpResponse:
    """The lines beside the book, the largest difference in money first; without the book for whoever counts blind."""
    actor = actor_of(request)
    take = stock_take_for(actor, stock_take_id)
    sees = sees_book(actor, take)
    summary = variance_summary(take)
    only = request.GET.get("only", "") if sees else ""
    is_open = take.status in _OPEN
    rows: Sequence[_Row]
    if sees:
        lines, more = _lines(request, take, only)
        explained = explanations_of(take, lines) if is_open else {}
        rows = [(line, _told(line, explained.get(line.item_id, ()))) for line in lines]
    else:
        counted, more = _blind_lines(request, take)
        rows = [(line, ()) for line in counted]
    context = {
        "take": take,
        "sees": sees,
        "summary": summary if sees else summary.progress,
        "only": only,
        "rows": rows,
        "more": more,
        "is_open": is_open,
        "may_count": is_open and actor.may(Permission.COUNT, take.outlet_id),
        "may_post": is_open and actor.may(Permission.RECONCILE, take.outlet_id),
    }
    return show(request, "stocktakes/review.html", "rows", context)


@transaction.non_atomic_requests
@require_POST
@for_people
def take_recount(request: HttpRequest, stock_take_id: int) -> HttpResponse:
    """Have a line counted again."""
    request_recount(actor=actor_of(request), stock_take_id=stock_take_id, item_ids=_items(request))
    messages.success(request, _("It is to be counted again. What was seen before is kept, and no longer counts."))
    return go_to(request, reverse("take-review", args=[stock_take_id]))


@transaction.non_atomic_requests
@require_POST
@for_people
def take_approve(request: HttpRequest, stock_take_id: int) -> HttpResponse:
    """Stand for the difference of a line, or for all that need somebody."""
    items = _items(request) if "item" in request.POST else None
    approve_differences(actor=actor_of(request), stock_take_id=stock_take_id, item_ids=items)
    messages.success(request, _("Approved. If a difference changes, it needs another look."))
    return go_to(request, reverse("take-review", args=[stock_take_id]))


def _items(request: HttpRequest) -> Sequence[int]:
    items = [number_in(each) for each in request.POST.getlist("item")]
    if None in items:
        raise InvalidRequest({"item": [_("This names no line.")]})
    return [item for item in items if item is not None]


def _lines(request: HttpRequest, take: StockTake, only: str) -> tuple[Sequence[VarianceLine], str | None]:
    wanted = LinesWanted(only_differences=only == DIFFERENCES, only_unapproved=only == UNAPPROVED)
    found = variance_lines(take, wanted, Window(_after(request, take), ROWS + 1))
    last = variance_key(found[ROWS - 1]) if len(found) > ROWS else None
    return found[:ROWS], _next_page(take, last, only)


def _blind_lines(request: HttpRequest, take: StockTake) -> tuple[Sequence[CountedLine], str | None]:
    found = counted_lines(take, Window(_after(request, take), ROWS + 1))
    last = counted_key(found[ROWS - 1]) if len(found) > ROWS else None
    return found[:ROWS], _next_page(take, last, "")


def _signer(take: StockTake) -> signing.Signer:
    return signing.Signer(salt=f"stock-take-{take.pk}")


def _after(request: HttpRequest, take: StockTake) -> list[str | int] | None:
    sealed = request.GET.get("after")
    if sealed is None:
        return None
    try:
        place: list[str | int] = _signer(take).unsign_object(sealed)
    except (signing.BadSignature, ValueError) as error:
        raise InvalidCursor from error
    return place


def _next_page(take: StockTake, last: Sequence[str | int] | None, only: str) -> str | None:
    if last is None:
        return None
    asked = {"only": only} if only else {}
    return "?" + urlencode({**asked, "after": _signer(take).sign_object(list(last))})


def _told(line: VarianceLine, explanations: Sequence[Explanation]) -> _Told:
    return [(each, _swap_query(line, each)) for each in explanations]


def _swap_query(line: VarianceLine, told: Explanation) -> str | None:
    """What the page of a swap is asked with; None if this is about none, or about goods that are no batch yet."""
    known = line.batch_id is not None and told.batch_id is not None
    if told.code is not ExplanationCode.SWAPPED_BATCH or not known or told.item_id is None:
        return None
    short, over = (line.item_id, told.item_id) if told.explained < 0 else (told.item_id, line.item_id)
    return urlencode({"short": short, "over": over, "quantity": f"{abs(told.explained).normalize():f}"})
