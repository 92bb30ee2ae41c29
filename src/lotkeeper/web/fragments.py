"""Pages in pieces: htmx asks for a part of a page that is shown already, a browser for the whole."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from lotkeeper.core.errors import Refusal


def is_fragment(request: HttpRequest) -> bool:
    """Whether a part of a page is asked for. The answer to the same address differs, so it is never kept."""
    return request.headers.get("HX-Request") == "true"


def show(
    request: HttpRequest, template: str, fragment: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """The page, or only its part of that name when that is asked for."""
    part = f"{template}#{fragment}" if is_fragment(request) else template
    return render(request, part, context, status=status)


def as_notice(refusal: Refusal) -> HttpResponse:
    """A refusal above the content of the page that asked and is still there, instead of a page inside a page."""
    answer = render(None, "web/refusal_notice.html", {"refusal": refusal}, status=refusal.status)
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#notices", "innerHTML"
    return answer


def go_to(request: HttpRequest, address: str) -> HttpResponse:
    """Lead the browser to another page, also when only a part of this one was asked for."""
    if is_fragment(request):
        return HttpResponse(headers={"HX-Redirect": address})
    answer = redirect(address)
    # After a posting the browser reads the next page, whatever the verb was.
    answer.status_code = 303
    return answer
