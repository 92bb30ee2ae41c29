"""Counting with a phone or a scanner in hand. What was seen goes to ``record_counts``, from here or by the script."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.staticfiles import finders
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Permission
from lotkeeper.stocktakes.models import StockTakeStatus
from lotkeeper.stocktakes.operations import record_counts
from lotkeeper.stocktakes.pages._forms import SeenForm
from lotkeeper.stocktakes.pages._goods import (
    LISTED,
    as_seen,
    goods_to_count,
    goods_to_count_again,
    looked_up,
    named_goods,
)
from lotkeeper.stocktakes.queries import stock_take_for, variance_summary
from lotkeeper.web.errors import NothingHere
from lotkeeper.web.forms import attempt
from lotkeeper.web.fragments import go_to, is_fragment, show

_WORKER: Final = "web/dist/count-worker.js"


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
# The camera's reader is WebAssembly.
@csp_update({"script-src": ["'wasm-unsafe-eval'"]})
@for_people
def take_count(request: HttpRequest, stock_take_id: int) -> HttpResponse:
    """What is to be counted, and the form for what was seen. Its script keeps what cannot be sent yet."""
    actor = actor_of(request)
    with transaction.atomic():
        take = stock_take_for(actor, stock_take_id)
        actor.require(Permission.COUNT, take.outlet_id)
        found = looked_up(take, request.GET.get("code", ""))
        if is_fragment(request):
            return show(request, "stocktakes/count.html", "found", {"looked_up": found})
        chosen = named_goods(take, request.GET) if found is None else found.certain
        initial = {} if chosen is None else as_seen(chosen, None if found is None else found.factor)
        form = SeenForm(request.POST or None, initial=initial)
    seen = attempt(
        request,
        form,
        lambda: record_counts(actor=actor, stock_take_id=take.pk, observations=[form.observation()]),
    )
    if seen.is_done:
        messages.success(request, _("Counted."))
        return go_to(request, reverse("take-count", args=[take.pk]))
    with transaction.atomic():
        context = {
            "take": take,
            # What a device kept until now is shown there with the reason why it came too late.
            "is_open": take.status in {StockTakeStatus.DRAFT, StockTakeStatus.COMPLETED},
            "form": form,
            "chosen": chosen,
            "looked_up": found,
            "again": goods_to_count_again(take),
            "goods": goods_to_count(take) if take.status == StockTakeStatus.DRAFT else [],
            "progress": variance_summary(take).progress,
            "listed": LISTED,
            "scans": True,
        }
        return render(request, "stocktakes/count.html", context, status=seen.status)


@require_safe
def count_worker(request: HttpRequest) -> HttpResponse:
    """The script that keeps the page of a count for when there is no network. It may keep what is below its address."""
    found = finders.find(_WORKER)
    if not found:
        raise NothingHere
    return HttpResponse(Path(found).read_bytes(), content_type="text/javascript")
