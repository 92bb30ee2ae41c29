"""People and their roles: let in, given and taken roles, shut out."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.errors import LastOwner
from lotkeeper.accounts.operations.users import (
    create_user,
    deactivate_user,
    grant_membership,
    reactivate_user,
    remove_membership,
)
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Actor, Permission, Role
from lotkeeper.accounts.queries import memberships_of, user_for, users_of
from lotkeeper.outlets.forms import PersonForm, RoleForm
from lotkeeper.outlets.queries import outlets_of
from lotkeeper.web.forms import attempt


@require_safe
@for_people
def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody who may, or might, log in."""
    actor = actor_of(request)
    people = users_of(actor).order_by("-is_active", "name", "email")
    names: dict[int | None, str] = dict(_outlets(actor))
    shown = [
        (person, [(held.role, names.get(held.outlet_id)) for held in person.memberships.all()]) for person in people
    ]
    return render(request, "outlets/people.html", {"people": shown})


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@for_people
def person_new(request: HttpRequest) -> HttpResponse:
    """Let somebody in, with one role to begin with."""
    actor = actor_of(request)
    actor.require(Permission.MANAGE_USERS)
    form = PersonForm(request.POST or None, outlets=_outlets(actor))
    made = attempt(request, form, lambda: create_user(actor=actor, **form.person()))
    if made.result is not None:
        messages.success(request, _("They can log in now. Tell them their first password."))
        return redirect("person", made.result.pk)
    return render(request, "outlets/person_new.html", {"form": form}, status=made.status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def person_page(request: HttpRequest, user_id: int) -> HttpResponse:
    """A person's roles, and a form for one more."""
    actor = actor_of(request)
    person = user_for(actor, user_id)
    outlets = _outlets(actor)
    form = RoleForm(request.POST or None, outlets=outlets)
    given = attempt(
        request,
        form,
        lambda: grant_membership(
            actor=actor,
            user_id=user_id,
            role=Role(form.cleaned_data["role"]),
            outlet_id=form.cleaned_data["outlet_id"],
        ),
    )
    if given.is_done:
        messages.success(request, _("The role is given."))
        return redirect("person", user_id)
    names = dict(outlets)
    roles = [(held, names.get(held.outlet_id)) for held in memberships_of(actor, user_id).order_by("id")]
    context = {"person": person, "roles": roles, "form": form}
    return render(request, "outlets/person.html", context, status=given.status)


@require_POST
@for_people
def person_access(request: HttpRequest, user_id: int) -> HttpResponse:
    """Shut a person out, or let them in again; what they did stays."""
    actor = actor_of(request)
    try:
        if request.POST.get("in") == "yes":
            reactivate_user(actor=actor, user_id=user_id)
            messages.success(request, _("They can log in again."))
        else:
            deactivate_user(actor=actor, user_id=user_id)
            messages.success(request, _("They are shut out, and their tokens stopped."))
    except LastOwner as refusal:
        messages.error(request, refusal.detail)
    return redirect("person", user_id)


@require_POST
@for_people
def role_remove(request: HttpRequest, user_id: int, membership_id: int) -> HttpResponse:
    """Take a role from a person."""
    try:
        remove_membership(actor=actor_of(request), user_id=user_id, membership_id=membership_id)
    except LastOwner as refusal:
        messages.error(request, refusal.detail)
    else:
        messages.success(request, _("The role is taken."))
    return redirect("person", user_id)


def _outlets(actor: Actor) -> Sequence[tuple[int, str]]:
    return list(outlets_of(actor).order_by("name").values_list("id", "name"))
