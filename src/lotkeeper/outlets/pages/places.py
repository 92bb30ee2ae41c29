"""Outlets: listed, opened, changed, closed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Permission
from lotkeeper.accounts.queries import tenant_of
from lotkeeper.outlets.forms import OutletForm
from lotkeeper.outlets.operations.outlets import (
    OutletChanges,
    create_outlet,
    deactivate_outlet,
    reactivate_outlet,
    update_outlet,
)
from lotkeeper.outlets.queries import outlet_for, outlets_of
from lotkeeper.web.forms import attempt


@require_safe
@for_people
def outlet_list(request: HttpRequest) -> HttpResponse:
    """Every outlet, the closed ones last."""
    actor = actor_of(request)
    actor.require(Permission.MANAGE_OUTLETS)
    outlets = outlets_of(actor).order_by("-is_active", "name")
    return render(request, "outlets/list.html", {"outlets": outlets})


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def outlet_new(request: HttpRequest) -> HttpResponse:
    """Open an outlet."""
    actor = actor_of(request)
    actor.require(Permission.MANAGE_OUTLETS)
    form = OutletForm(request.POST or None, initial={"timezone": tenant_of(actor).timezone})
    opened = attempt(request, form, lambda: create_outlet(actor=actor, **form.cleaned_data))
    if opened.is_done:
        messages.success(request, _("The outlet is open. Receive its goods, or send it some."))
        return redirect("outlet-list")
    return render(request, "outlets/outlet.html", {"form": form}, status=opened.status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def outlet_page(request: HttpRequest, outlet_id: int) -> HttpResponse:
    """Change an outlet."""
    actor = actor_of(request)
    actor.require(Permission.MANAGE_OUTLETS)
    outlet = outlet_for(actor, outlet_id)
    begun = {"name": outlet.name, "timezone": outlet.timezone, "address": outlet.address}
    form = OutletForm(request.POST or None, initial=begun)
    changed = attempt(
        request,
        form,
        lambda: update_outlet(actor=actor, outlet_id=outlet_id, changes=OutletChanges(**form.cleaned_data)),
    )
    if changed.is_done:
        messages.success(request, _("The changes are kept."))
        return redirect("outlet-list")
    return render(request, "outlets/outlet.html", {"form": form, "outlet": outlet}, status=changed.status)


@require_POST
@for_people
def outlet_open(request: HttpRequest, outlet_id: int) -> HttpResponse:
    """Close an outlet, or open it again."""
    actor = actor_of(request)
    if request.POST.get("open") == "yes":
        reactivate_outlet(actor=actor, outlet_id=outlet_id)
        messages.success(request, _("The outlet is open again."))
    else:
        deactivate_outlet(actor=actor, outlet_id=outlet_id)
        messages.success(request, _("The outlet is closed; its history stays."))
    return redirect("outlet-list")
