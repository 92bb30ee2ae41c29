"""The stock list: find or scan, one row for each variation, without an end."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.catalog.errors import UnknownCode
from lotkeeper.catalog.policies import MAX_SCAN_LENGTH, parse_scan
from lotkeeper.catalog.queries import MAX_SEARCH_LENGTH, find_by_scan
from lotkeeper.stock.pages._outlets import place_to_look
from lotkeeper.stock.queries import Attention, StockRowsWanted, Window, stock_row_key, stock_rows
from lotkeeper.web.errors import InvalidCursor
from lotkeeper.web.fragments import go_to, is_fragment, show

ROWS: Final = 30
_signer: Final = signing.Signer(salt="stock-list")


@require_safe
@for_people
def stock_list(request: HttpRequest) -> HttpResponse:
    """What there is. A code that is known leads straight to its product."""
    actor = actor_of(request)
    place = place_to_look(request)
    today = timezone.localdate()
    text = request.GET.get("q", "").strip(" ")[:MAX_SCAN_LENGTH]
    if text and not is_fragment(request):
        known = _product_address(text)
        if known is not None:
            return go_to(request, known)
    attention = request.GET.get("show", "")
    wanted = StockRowsWanted(
        text=parse_scan(text, today=today).text[:MAX_SEARCH_LENGTH],
        outlet_id=place.outlet_id,
        attention=Attention(attention) if attention in set(Attention) else None,
    )
    rows = stock_rows(actor, wanted, Window(_after(request), ROWS + 1), today=today)
    shown = rows[:ROWS]
    more = None
    if len(rows) > ROWS:
        asked = {"q": text, "outlet": place.outlet_id or "", "show": wanted.attention or ""}
        place_in_list = _signer.sign_object(list(stock_row_key(shown[-1])))
        more = "?" + urlencode({**{name: value for name, value in asked.items() if value}, "after": place_in_list})
    context = {"rows": shown, "more": more, "place": place, "text": text, "attention": wanted.attention}
    return show(request, "stock/list.html", "rows" if "after" in request.GET else "results", context)


def _product_address(text: str) -> str | None:
    scan = parse_scan(text, today=timezone.localdate())
    try:
        match = find_by_scan(scan)
    except UnknownCode:
        return None
    address = reverse("stock-product", args=[match.variation.pk])
    return f"{address}?{urlencode({'lot': scan.batch_number})}" if scan.batch_number else address


def _after(request: HttpRequest) -> list[str | int] | None:
    sealed = request.GET.get("after")
    if sealed is None:
        return None
    try:
        name, variation_id = _signer.unsign_object(sealed)
    except (signing.BadSignature, ValueError) as error:
        raise InvalidCursor from error
    return [name, variation_id]
