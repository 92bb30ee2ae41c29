"""The pages that belong to no subject: errors, and whether the house stands."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from lotkeeper.core.errors import Refusal
from lotkeeper.web.errors import CsrfFailed, Forbidden, MalformedRequest, NothingHere, RequestTooLarge, ServerFault
from lotkeeper.web.fragments import as_notice, is_fragment
from lotkeeper.web.middleware import refused
from lotkeeper.web.problems import problem_response, wants_problem


@require_safe
@never_cache
@transaction.non_atomic_requests
def health(request: HttpRequest) -> HttpResponse:
    """Whether pages can be served: the process answers and so does its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    return JsonResponse({"status": "ok"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400."""
    if isinstance(exception, RequestDataTooBig):
        return refused(request, RequestTooLarge())
    return refused(request, MalformedRequest("The request cannot be read."))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403."""
    return refused(request, Forbidden())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return refused(request, NothingHere())


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: tells nothing of the bug, and leans on nothing that may be what failed."""
    fault: Refusal = ServerFault()
    if wants_problem(request):
        return problem_response(fault)
    if is_fragment(request):
        return as_notice(fault)
    return render(None, "web/server_error.html", {"refusal": fault}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return refused(request, CsrfFailed())
