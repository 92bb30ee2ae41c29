"""The one-time set-up page of an empty Lotkeeper."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from lotkeeper.accounts.operations.setup import check_setup_link
from lotkeeper.outlets.forms import SetupForm
from lotkeeper.outlets.operations.business import open_business
from lotkeeper.web.forms import attempt


# It creates a tenant, and a transaction belongs to one tenant from its start: the operation opens its own.
@transaction.non_atomic_requests
@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the one-time link that ``lotkeeper up`` prints."""
    now = timezone.now()
    check_setup_link(token=token, now=now)
    form = SetupForm(request.POST or None)
    opened = attempt(
        request,
        form,
        lambda: open_business(
            setup_token=token, now=now, details=form.details(), outlet_name=form.cleaned_data["outlet_name"]
        ),
    )
    if opened.is_done:
        return redirect("account_login")
    return render(request, "web/setup.html", {"form": form}, status=opened.status)
