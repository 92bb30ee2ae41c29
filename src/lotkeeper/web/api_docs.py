"""The API's own documentation: the OpenAPI document and a page to try it, both served from here, offline."""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView


@extend_schema(exclude=True)
class SchemaView(SpectacularAPIView):
    """The OpenAPI document; it tells nothing of any tenant, so it needs no login."""


# The page injects its own style elements and draws its icons from data: addresses; no other page may do so.
@csp_update({"style-src": ["'unsafe-inline'"], "img-src": ["data:"]})
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The page to read and try the API."""
    return render(request, "web/api_docs.html")


def document_problems(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """drf-spectacular's last step: say once what a problem looks like, and that every call may answer with one."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    answer = {
        "description": "Refused; nothing was changed. `code` says why, in a word that stays the same.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for path in result.get("paths", {}).values():
        for call in path.values():
            if isinstance(call, dict) and "responses" in call:
                call["responses"].setdefault("default", answer)
    return result


_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code", "fields"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "example": "/problems/insufficient_stock"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "A sentence for people."},
        "code": {"type": "string", "description": "Stable; for programs.", "example": "insufficient_stock"},
        "fields": {
            "type": "object",
            "description": "The true numbers behind the refusal.",
            "additionalProperties": True,
        },
        "errors": {
            "type": "object",
            "description": "What is wrong with each field of the request.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "example": {"lines.0.quantity": ["Must be greater than 0."]},
        },
    },
}
