"""What is done to one lot: held, released, corrected. Each in a dialog of the product's page, or a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import Deed, for_people
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import PermissionRefused
from lotkeeper.stock.operations import amend_batch, hold_batch, release_batch
from lotkeeper.stock.pages.receive import BATCH_NUMBER_LIMIT, ExpiryField
from lotkeeper.stock.queries import BatchView, batch_for
from lotkeeper.web.forms import REASON_LIMIT, MoneyField, PostingForm, ReasonForm, attempt
from lotkeeper.web.fragments import go_to, show
from lotkeeper.web.templatetags.shown import plain


class HoldForm(PostingForm):
    """Why a lot is kept from sale."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=REASON_LIMIT)
    recalled = forms.BooleanField(label=gettext_lazy("Its maker recalls it"), required=False)


class ReleaseForm(PostingForm):
    """Why a lot may be sold again."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=REASON_LIMIT)


class AmendForm(ReasonForm):
    """What should stand on a lot."""

    batch_number = forms.CharField(label=gettext_lazy("Lot number"), max_length=BATCH_NUMBER_LIMIT)
    expiry_date = ExpiryField(label=gettext_lazy("Expiry"), required=False)
    unit_cost = MoneyField(label=gettext_lazy("Unit cost"), required=False)

    field_order = ("batch_number", "expiry_date", "unit_cost", "reason", "note")


def _hold(actor: Actor, view: BatchView, said: Mapping[str, Any]) -> object:
    return hold_batch(
        actor=actor,
        batch_id=view.batch.pk,
        reason=said["reason"],
        recalled=said["recalled"],
        reference_id=said["reference"],
    )


def _release(actor: Actor, view: BatchView, said: Mapping[str, Any]) -> object:
    return release_batch(actor=actor, batch_id=view.batch.pk, reason=said["reason"], reference_id=said["reference"])


def _amend(actor: Actor, view: BatchView, said: Mapping[str, Any]) -> object:
    # Only what differs: the rest was not looked at.
    changes = {name: said[name] for name in ("batch_number", "expiry_date", "unit_cost")}
    changes = {name: value for name, value in changes.items() if value != getattr(view.batch, name)}
    return amend_batch(
        actor=actor,
        batch_id=view.batch.pk,
        changes=changes or {"batch_number": view.batch.batch_number},
        reason=said["reason"],
        note=said["note"],
        reference_id=said["reference"],
    )


_DEEDS: Final[Mapping[str, Deed[BatchView]]] = {
    "hold": Deed(
        gettext_lazy("Hold this lot"),
        gettext_lazy("A held lot is left out of every sale until it is released. It can still be written off."),
        gettext_lazy("Hold it"),
        Permission.HOLD_BATCH,
        HoldForm,
        _hold,
        gettext_lazy("The lot is held: it is not sold until somebody releases it."),
    ),
    "release": Deed(
        gettext_lazy("Release this lot"),
        gettext_lazy("It is sold again from now on, in its turn."),
        gettext_lazy("Release it"),
        Permission.HOLD_BATCH,
        ReleaseForm,
        _release,
        gettext_lazy("The lot is released: it is sold again in its turn."),
    ),
    "amend": Deed(
        gettext_lazy("Correct this lot"),
        gettext_lazy("For what was entered wrong. The ledger keeps the old and the new value."),
        gettext_lazy("Correct it"),
        Permission.AMEND_BATCH,
        AmendForm,
        _amend,
        gettext_lazy("The lot is corrected; the ledger keeps what stood there before."),
    ),
}


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def batch_deed(request: HttpRequest, batch_id: int, deed: str) -> HttpResponse:
    """Hold, release or correct a lot."""
    actor, what = actor_of(request), _DEEDS[deed]
    with transaction.atomic():
        view = batch_for(actor, batch_id)
        if not actor.may(what.permission, view.batch.outlet_id):
            raise PermissionRefused(permission=what.permission.value, outlet_id=view.batch.outlet_id)
    form = what.form(request.POST or None, initial=_as_it_is(view))
    done = attempt(request, form, lambda: what.do(actor, view, form.cleaned_data))
    if done.is_done:
        messages.success(request, what.done)
        return go_to(request, reverse("stock-product", args=[view.batch.variation_id]))
    context = {"view": view, "deed": what, "form": form}
    return show(request, "stock/batch_deed.html", "dialog", context, status=done.status)


def _as_it_is(view: BatchView) -> Mapping[str, str]:
    batch = view.batch
    return {
        "batch_number": batch.batch_number,
        "expiry_date": "" if batch.expiry_date is None else batch.expiry_date.isoformat(),
        "unit_cost": plain(batch.unit_cost),
    }
