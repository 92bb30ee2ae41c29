"""The edge: what cannot be read is refused before anything is asked, and what is refused inside becomes an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from lotkeeper.core.errors import Refusal
from lotkeeper.web.errors import MalformedRequest, RequestTooLarge
from lotkeeper.web.fragments import as_notice, is_fragment
from lotkeeper.web.problems import problem_response, refusal_for, wants_problem

#: Uploads of files (images, sheets) have their own, narrower checks where they are read.
UPLOAD_LIMIT_BYTES: Final = 25 * 1024 * 1024


class EdgeMiddleware:
    """Turns refusals of ordinary views into problems (API) or pages, as DRF's exception handler does for its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        refusal = _unreadable(request)
        if refusal is not None:
            return refused(request, refusal)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Django's hook for what a view raised."""
        if isinstance(exception, Http404 | PermissionDenied) and not wants_problem(request):
            return None
        refusal = refusal_for(exception)
        return None if refusal is None else refused(request, refusal)


def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """A refusal as a problem for programs, and as a page or a notice for people."""
    if wants_problem(request):
        return problem_response(refusal)
    if is_fragment(request):
        return as_notice(refusal)
    return render(request, "web/refusal.html", {"refusal": refusal}, status=refusal.status)


def _unreadable(request: HttpRequest) -> Refusal | None:
    if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        return MalformedRequest("The address must not hold NUL characters.")
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if request.META.get("CONTENT_TYPE", "").startswith("multipart/"):
        limit = UPLOAD_LIMIT_BYTES
    length = request.META.get("CONTENT_LENGTH") or "0"
    if limit is not None and length.isdecimal() and int(length[:20]) > limit:
        return RequestTooLarge(limit=limit)
    return None
