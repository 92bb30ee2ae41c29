"""Which stock takes there are, what to count next, and how a new one is opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.accounts.queries import people_who_may
from lotkeeper.catalog.queries import categories, suppliers, variations
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.pages import Place, number_in, place_to_look, place_to_work
from lotkeeper.stock.policies import outlet_today
from lotkeeper.stocktakes.models import CountScope
from lotkeeper.stocktakes.operations import MAX_ASSIGNEES, open_stock_take
from lotkeeper.stocktakes.pages._forms import SCOPES, NewTakeForm, numbers_in
from lotkeeper.stocktakes.queries import count_next, counted_so_far, stock_takes
from lotkeeper.web.forms import attempt
from lotkeeper.web.fragments import go_to, show

ROWS: Final = 30
#: What a person counts between two customers.
PROPOSED: Final = 8


@require_safe
@for_people
def take_list(request: HttpRequest) -> HttpResponse:
    """The stock takes, newest first, and what to count next."""
    actor = actor_of(request)
    place = place_to_look(request)
    found = stock_takes(actor, outlet_id=place.outlet_id)
    before = number_in(request.GET.get("before"))
    if before is not None:
        found = found.filter(pk__lt=before)
    takes = list(found.order_by("-pk")[: ROWS + 1])
    shown = takes[:ROWS]
    counted = counted_so_far(shown)
    where = None if before is not None else _where_to_count(actor, place)
    context = {
        "rows": [(take, counted.get(take.pk, 0)) for take in shown],
        "more": shown[-1].pk if len(takes) > ROWS else None,
        "place": place,
        "where": where,
        "proposals": [] if where is None else count_next(where.pk, today=outlet_today(where.timezone), limit=PROPOSED),
        # In a blind count of the same shelves the figures would tell what is expected.
        "tells_figures": where is not None and actor.may(Permission.RECONCILE, where.pk),
        "form": NewTakeForm(),
    }
    return show(request, "stocktakes/list.html", "rows", context)


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def take_new(request: HttpRequest) -> HttpResponse:
    """Open a count: one call of ``open_stock_take``."""
    actor = actor_of(request)
    with transaction.atomic():
        outlets, outlet = place_to_work(request, Permission.COUNT)
        wanted = numbers_in(request.POST.getlist("variation_ids") or request.GET.getlist("variation"))
        form = _form_at(request, actor, outlet, wanted)
    opened = attempt(
        request,
        form,
        lambda: open_stock_take(
            actor=actor,
            outlet_id=outlet.pk,
            scope=form.told_scope(),
            rules=form.told_rules(),
            notes=form.cleaned_data["notes"],
            reference_id=form.cleaned_data["reference"],
        ),
    )
    if opened.result is not None:
        messages.success(request, _("The count is open. Go along the shelves; the shop stays open too."))
        return go_to(request, reverse("take-count", args=[opened.result.pk]))
    with transaction.atomic():
        listed = variations().filter(pk__in=wanted)
        place = Place(outlets, outlet)
        context = {"form": form, "place": place, "listed": listed.order_by("product__name", "id")}
        return render(request, "stocktakes/new.html", context, status=opened.status)


def _where_to_count(actor: Actor, place: Place) -> Outlet | None:
    """The outlet that was chosen, or the first, where the actor may count."""
    outlets = place.outlets if place.chosen is None else [place.chosen]
    return next((outlet for outlet in outlets if actor.may(Permission.COUNT, outlet.pk)), None)


def _form_at(request: HttpRequest, actor: Actor, outlet: Outlet, wanted: Sequence[int]) -> NewTakeForm:
    """The form with what there is to choose from at an outlet."""
    scope = CountScope.LIST if wanted else CountScope.OUTLET
    form = NewTakeForm(request.POST or None, initial={"scope": scope.value, "variation_ids": wanted})
    if not wanted:
        form.fields["scope"].widget.choices = [choice for choice in SCOPES if choice[0] != CountScope.LIST]
    for name, rows in (("category_id", categories()), ("supplier_id", suppliers())):
        named = list(rows.order_by("name").values_list("id", "name"))
        form.fields[name].widget.choices = [("", _("Choose one")), *named]
    people = people_who_may(actor, Permission.COUNT, outlet.pk)[:MAX_ASSIGNEES]
    form.fields["assignee_ids"].widget.choices = [(person.pk, str(person)) for person in people]
    return form
