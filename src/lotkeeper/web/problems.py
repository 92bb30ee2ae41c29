"""Every refusal leaves the house as an RFC 9457 problem; the only place that knows how one looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.views import set_rollback

from lotkeeper.core.errors import DiskFull, InvalidRequest, Refusal
from lotkeeper.web.errors import (
    Busy,
    Forbidden,
    FormatNotOffered,
    MalformedRequest,
    MediaTypeNotSupported,
    MethodNotAllowed,
    NothingHere,
    NotLoggedIn,
    RequestTooLarge,
    TooManyRequests,
    UnusableValue,
)
from lotkeeper.web.rendering import NumberEncoder

CONTENT_TYPE: Final = "application/problem+json"
API_PREFIX: Final = "/api/"
_BUSY_RETRY_SECONDS: Final = 1

#: SQLSTATEs of work that lost a race or waited too long: statement timeout, lock timeout, serialization, deadlock.
_BUSY_STATES: Final = frozenset({"57014", "55P03", "40001", "40P01"})
#: SQLSTATEs that only a value can cause: too long, out of range (numbers, dates, zones), text that cannot be kept.
_VALUE_STATES: Final = frozenset({"22001", "22003", "22008", "22009", "22021", "22P05"})
_DISK_FULL_STATE: Final = "53100"


_REFUSALS: Final[tuple[tuple[type[Exception], Callable[[], Refusal]], ...]] = (
    (Http404, NothingHere),
    (exceptions.NotFound, NothingHere),
    (RequestDataTooBig, RequestTooLarge),
    (PermissionDenied, Forbidden),
    (exceptions.PermissionDenied, Forbidden),
    (exceptions.NotAuthenticated, NotLoggedIn),
    (exceptions.AuthenticationFailed, NotLoggedIn),
    (exceptions.MethodNotAllowed, MethodNotAllowed),
    (exceptions.NotAcceptable, FormatNotOffered),
    (exceptions.UnsupportedMediaType, MediaTypeNotSupported),
    (exceptions.Throttled, TooManyRequests),
)


def wants_problem(request: HttpRequest) -> bool:
    """Whether the answer goes to a program, which reads problems, or to a person, who reads a page."""
    return request.path_info.startswith(API_PREFIX)


def problem_body(refusal: Refusal) -> dict[str, Any]:
    """The problem: RFC 9457's own members, the stable ``code``, the true numbers, and what is wrong with each field."""
    fields = dict(refusal.fields)
    errors = fields.pop("errors", None)
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "fields": fields,
    }
    if errors is not None:
        body["errors"] = errors
    return body


def problem_response(refusal: Refusal, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The refusal as an HTTP answer, from whatever kind of view."""
    content = json.dumps(problem_body(refusal), cls=NumberEncoder, ensure_ascii=False, allow_nan=False)
    response = HttpResponse(content, status=refusal.status, content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if isinstance(refusal, NotLoggedIn):
        response.headers["WWW-Authenticate"] = 'Bearer realm="lotkeeper"'
    if isinstance(refusal, Busy):
        response.headers["Retry-After"] = str(_BUSY_RETRY_SECONDS)
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def refusal_for(error: Exception) -> Refusal | None:
    """The refusal that an exception of Django, DRF or the database stands for; None if it is a bug.

    Args:
        error: whatever a view raised.
    """
    match error:
        case Refusal():
            return error
        case DatabaseError():
            return _refusal_for_database(error)
        case exceptions.ValidationError():
            return InvalidRequest(flatten_errors(error.detail))
        case exceptions.ParseError():
            return MalformedRequest(str(error.detail))
    # The rest say nothing that our own sentence does not say better.
    for kind, refusal in _REFUSALS:
        if isinstance(error, kind):
            return refusal()
    return None


def exception_handler(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's hook: the refusal as a problem, and nothing of the request's work kept."""
    refusal = refusal_for(error)
    if refusal is None:
        return None
    set_rollback()
    headers = {}
    wait_seconds = getattr(error, "wait", None)
    if isinstance(error, exceptions.Throttled) and wait_seconds:
        headers["Retry-After"] = str(int(wait_seconds) + 1)
    return problem_response(refusal, headers)


def _refusal_for_database(error: DatabaseError) -> Refusal | None:
    state = getattr(error.__cause__, "sqlstate", None)
    if state in _BUSY_STATES:
        return Busy()
    if state in _VALUE_STATES:
        return UnusableValue()
    if state == _DISK_FULL_STATE:
        return DiskFull("Nothing was changed: the disk that the database is kept on is full.")
    return None


def flatten_errors(detail: Any, path: str = "") -> dict[str, list[str]]:
    """DRF's nested errors as one level: ``{"lines.2.quantity": ["Must be a number."]}``."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            step = path if name == "non_field_errors" else f"{path}.{name}" if path else str(name)
            found.update(flatten_errors(inner, step))
        return found
    if isinstance(detail, list) and any(isinstance(inner, Mapping | list) for inner in detail):
        found = {}
        for position, inner in enumerate(detail):
            found.update(flatten_errors(inner, f"{path}.{position}" if path else str(position)))
        return found
    sentences = detail if isinstance(detail, list) else [detail]
    # Errors of the request as a whole stand under "request".
    return {path or "request": [str(sentence) for sentence in sentences]} if sentences else {}
