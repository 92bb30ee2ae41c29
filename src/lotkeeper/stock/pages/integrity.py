"""Whether the ledger keeps its promises: how each check came out last, and a button to check again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from procrastinate.exceptions import AlreadyEnqueued

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Permission
from lotkeeper.stock.checks import last_check
from lotkeeper.stock.tasks import check_ledger
from lotkeeper.web.fragments import go_to


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def integrity(request: HttpRequest) -> HttpResponse:
    """The board. Checking may take minutes, so a job does it."""
    actor = actor_of(request)
    # The checks read all outlets, so they are for those who may see all of them.
    actor.require(Permission.VIEW)
    if request.method == "POST":
        lock = f"check_ledger_{actor.tenant_id}"
        try:
            check_ledger.configure(queueing_lock=lock).defer(tenant_id=actor.tenant_id)
        except AlreadyEnqueued:
            messages.info(request, _("A check is waiting already."))
        else:
            messages.success(request, _("The ledger is being checked. Look again in a moment."))
        return go_to(request, reverse("integrity"))
    return render(request, "stock/integrity.html", {"check": last_check(actor.tenant_id)})
