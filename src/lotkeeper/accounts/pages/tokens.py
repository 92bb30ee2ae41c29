"""API tokens: issued, shown once, revoked."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.models import TOKEN_NAME_LIMIT
from lotkeeper.accounts.operations.tokens import issue_token, revoke_token
from lotkeeper.accounts.pages._people_only import for_people
from lotkeeper.accounts.policies import Scope
from lotkeeper.accounts.queries import tokens_of, users_of
from lotkeeper.web.forms import PageForm, attempt

#: The newest; a business with more has a program that keeps them.
SHOWN: Final = 200
_LONGEST_DAYS: Final = 3650
_SCOPES: Final = [
    (Scope.READ.value, gettext_lazy("Look")),
    (Scope.STOCK.value, gettext_lazy("Sell, receive, count and correct stock")),
    (Scope.CATALOG.value, gettext_lazy("Change products")),
    (Scope.ADMIN.value, gettext_lazy("Everything its person may")),
]


class TokenForm(PageForm):
    """A key for a till or a program."""

    name = forms.CharField(
        label=gettext_lazy("What for"), max_length=TOKEN_NAME_LIMIT, help_text=gettext_lazy("Such as till 2.")
    )
    user_id = forms.IntegerField(label=gettext_lazy("Acts as"), widget=forms.Select, min_value=1)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May be used to"), choices=_SCOPES, widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(
        label=gettext_lazy("Stops after"),
        min_value=1,
        max_value=_LONGEST_DAYS,
        required=False,
        help_text=gettext_lazy("Days. Empty: it works until it is revoked."),
    )

    def expires_at(self, now: dt.datetime) -> dt.datetime | None:
        """When it stops working; None for never."""
        days = self.cleaned_data["days"]
        return None if days is None else now + dt.timedelta(days=days)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def tokens(request: HttpRequest) -> HttpResponse:
    """The tokens of the business, and a form for one more, whose secret is in the answer and nowhere else."""
    actor, now = actor_of(request), timezone.now()
    form = TokenForm(request.POST or None, initial={"user_id": actor.user_id, "scopes": [Scope.STOCK.value]})
    issued = attempt(
        request,
        form,
        lambda: issue_token(
            actor=actor,
            name=form.cleaned_data["name"],
            scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]],
            now=now,
            user_id=form.cleaned_data["user_id"],
            expires_at=form.expires_at(now),
        ),
    )
    shown = form if issued.result is None else TokenForm(initial=form.initial)
    people = users_of(actor).filter(is_active=True).order_by("name", "email")
    shown.fields["user_id"].widget.choices = [(person.pk, str(person)) for person in people]
    context = {
        "tokens": tokens_of(actor).select_related("user").order_by("-id")[:SHOWN],
        "issued": issued.result,
        "form": shown,
        "now": now,
    }
    # Not led elsewhere: the secret is in this answer alone.
    return render(request, "accounts/tokens.html", context, status=200 if issued.is_done else issued.status)


@require_POST
@for_people
def token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Make a token stop working for good."""
    revoke_token(actor=actor_of(request), token_id=token_id, now=timezone.now())
    messages.success(request, _("The token does not work any more."))
    return redirect("token-page")
