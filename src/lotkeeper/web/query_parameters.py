"""What may stand behind the question mark of an address: what the OpenAPI document names there, and nothing else.

A misspelt filter that is passed over would list everything, and look like an answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.plumbing import ComponentRegistry
from rest_framework.request import Request

from lotkeeper.web.errors import UnknownParameter


def refuse_unknown_parameters(request: Request) -> None:
    """Let a request to read pass only if it asks for what there is.

    Raises:
        UnknownParameter: naming the first that does not exist at this address, and those that do.
    """
    if not request.query_params:
        return
    assert request.resolver_match is not None  # noqa: S101  # a view is running; for the type checker
    known = _parameters_of(request.resolver_match.func)
    for name in request.query_params:
        if name not in known:
            raise UnknownParameter(name, known)


@functools.cache
def _parameters_of(callback: Callable[..., Any]) -> tuple[str, ...]:
    """The names that the OpenAPI document lists for reading at an address; made once for each, in some milliseconds."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # named, since the view's schema lives as long as it
    view = generator.create_view(callback, "GET")  # type: ignore[no-untyped-call]
    described = view.schema.get_operation("", "", "", "GET", ComponentRegistry())
    return tuple(each["name"] for each in described.get("parameters", ()) if each["in"] == "query")
