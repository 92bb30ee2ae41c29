"""What the pages of every slice begin with: somebody of a business asks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from lotkeeper.accounts.policies import Actor
from lotkeeper.accounts.queries import tenant_of
from lotkeeper.web.errors import NotLoggedIn
from lotkeeper.web.fragments import go_to, is_fragment


def for_people(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A page for those who are logged in; the others are asked to log in, and come back."""

    @never_cache
    @functools.wraps(view)
    def page(request: HttpRequest, *rest: Any, **named: Any) -> HttpResponseBase:
        actor: Actor | None = getattr(request, "actor", None)
        if actor is not None:
            # Moments are told by the clock of the business.
            with timezone.override(tenant_of(actor).timezone):
                return view(request, *rest, **named)
        # A fragment would put the login into the middle of a page.
        if request.user.is_authenticated:
            # An operator without a business, or somebody who was shut out: another login would not help.
            raise NotLoggedIn
        if is_fragment(request):
            return go_to(request, reverse("account_login"))
        return redirect_to_login(request.get_full_path())

    return page
