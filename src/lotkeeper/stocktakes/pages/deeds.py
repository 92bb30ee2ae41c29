"""What is done to a whole stock take, each asked once more before: counted, posted, given up; and the swap of two lots.

Each stands in a dialog of the page that shows the stock take, or on a page of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import Deed, for_people
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.stocktakes.models import StockTake
from lotkeeper.stocktakes.operations import (
    cancel_stock_take,
    complete_stock_take,
    reconcile_stock_take,
    swap_batches,
)
from lotkeeper.stocktakes.pages._forms import ReconcileForm, SwapForm
from lotkeeper.stocktakes.queries import sees_book, stock_take_for, variance_summary
from lotkeeper.web.forms import PostingForm, attempt
from lotkeeper.web.fragments import go_to, show


def _complete(actor: Actor, take: StockTake, said: Mapping[str, Any]) -> object:
    return complete_stock_take(actor=actor, stock_take_id=take.pk)


def _reconcile(actor: Actor, take: StockTake, said: Mapping[str, Any]) -> object:
    return reconcile_stock_take(actor=actor, stock_take_id=take.pk, reference_id=said["reference"])


def _cancel(actor: Actor, take: StockTake, said: Mapping[str, Any]) -> object:
    return cancel_stock_take(actor=actor, stock_take_id=take.pk)


def _swap(actor: Actor, take: StockTake, said: Mapping[str, Any]) -> object:
    return swap_batches(
        actor=actor,
        stock_take_id=take.pk,
        short_item_id=said["short"],
        over_item_id=said["over"],
        quantity=said["quantity"],
        reference_id=said["reference"],
    )


_DEEDS: Final[Mapping[str, Deed[StockTake]]] = {
    "complete": Deed(
        gettext_lazy("All is counted"),
        gettext_lazy("The differences can then be looked at and lines counted again. What was seen offline before is"
                     " still taken."),
        gettext_lazy("Counting is done"),
        Permission.COUNT,
        PostingForm,
        _complete,
        gettext_lazy("Counted. Somebody who may post looks at the differences now."),
    ),
    "reconcile": Deed(
        gettext_lazy("Post the differences"),
        gettext_lazy("Each lot that differs moves by its difference, once, dated to the moment of counting. A posted"
                     " count cannot be changed."),
        gettext_lazy("Post them"),
        Permission.RECONCILE,
        ReconcileForm,
        _reconcile,
        gettext_lazy("Posted. The book says what the shelves say."),
    ),
    "cancel": Deed(
        gettext_lazy("Give this count up"),
        gettext_lazy("What was seen is kept; nothing is posted, and it cannot be taken up again."),
        gettext_lazy("Give it up"),
        Permission.RECONCILE,
        PostingForm,
        _cancel,
        gettext_lazy("Given up. Nothing was posted."),
    ),
    "swap": Deed(
        gettext_lazy("Two lots were mistaken for each other"),
        gettext_lazy("The book moves so much from the lot that is short to the one that is over, at once and as one"
                     " adjustment. Both differences shrink by it."),
        gettext_lazy("Book the swap"),
        Permission.RECONCILE,
        SwapForm,
        _swap,
        gettext_lazy("The swap is booked; what still differs stands below."),
    ),
}  # fmt: skip
#: What the link to a swap fills in.
_ASKED: Final = ("short", "over", "quantity")


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def take_deed(request: HttpRequest, stock_take_id: int, deed: str) -> HttpResponse:
    """Ask whether it is meant, and do it."""
    actor, what = actor_of(request), _DEEDS[deed]
    with transaction.atomic():
        take = stock_take_for(actor, stock_take_id)
        actor.require(what.permission, take.outlet_id)
    form = what.form(request.POST or None, initial={name: request.GET[name] for name in _ASKED if name in request.GET})
    done = attempt(request, form, lambda: what.do(actor, take, form.cleaned_data))
    if done.is_done:
        messages.success(request, what.done)
        return go_to(request, reverse("take-review", args=[take.pk]))
    with transaction.atomic():
        summary = variance_summary(take)
    context = {"take": take, "deed": what, "form": form, "summary": summary, "sees": sees_book(actor, take)}
    return show(request, "stocktakes/deed.html", "dialog", context, status=done.status)
