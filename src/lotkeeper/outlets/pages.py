"""Pages: the one-time set-up, and the front page until there is stock to show."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.errors import EmailTaken
from lotkeeper.accounts.operations.setup import check_setup_link
from lotkeeper.accounts.queries import tenant_of
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.outlets.forms import SetupForm
from lotkeeper.outlets.operations.business import open_business
from lotkeeper.outlets.queries import outlets_of


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
    if request.method == "POST" and form.is_valid():
        try:
            open_business(
                setup_token=token, now=now, details=form.details(), outlet_name=form.cleaned_data["outlet_name"]
            )
        except InvalidRequest as refusal:
            form.show_errors(refusal.fields["errors"])
        except EmailTaken as refusal:
            form.add_error("email", refusal.detail)
        else:
            return redirect("account_login")
    status = 422 if form.is_bound else 200
    return render(request, "web/setup.html", {"form": form}, status=status)


@require_safe
@never_cache
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The front page: whose books these are, and the outlets that the one who looks may see."""
    actor = actor_of(request)
    outlets = outlets_of(actor).filter(is_active=True).order_by("name")[:200]
    return render(request, "web/home.html", {"tenant": tenant_of(actor), "outlets": list(outlets)})
