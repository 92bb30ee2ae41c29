"""DRF's view of who is asking: the actor that the middleware found."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from lotkeeper.accounts.policies import Actor
from lotkeeper.web.errors import CsrfFailed, NotLoggedIn


def actor_of(request: Request | HttpRequest) -> Actor:
    """Who is asking.

    Raises:
        NotLoggedIn: if nobody is.
    """
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        raise NotLoggedIn
    return actor


class ActorAuthentication(BaseAuthentication):
    """Hands the middleware's actor to DRF; a session, being a cookie, must also pass the CSRF check."""

    def authenticate(self, request: Request) -> tuple[Any, Actor] | None:
        """The person and the actor, or None if nobody is asking."""
        actor: Actor | None = getattr(request, "actor", None)
        if actor is None:
            return None
        if actor.token_id is None:
            _require_csrf_token(request)
        return (request._request.user, actor)

    def authenticate_header(self, request: Request) -> str:
        """What a 401 names as the way in."""
        return 'Bearer realm="lotkeeper"'


class ActorRequired(BasePermission):
    """Somebody of a business must be asking; what they may do is for the operations to say."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether anybody is asking."""
        return getattr(request, "actor", None) is not None


class ActorScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """The two ways in, for the OpenAPI document."""

    target_class = "lotkeeper.accounts.authentication.ActorAuthentication"
    name = ["apiToken", "session"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """Either way is enough."""
        return [{"apiToken": []}, {"session": []}]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        """What each way looks like."""
        return [
            {"type": "http", "scheme": "bearer", "description": "An API token: lk_<tenant>_<prefix>_<secret>."},
            {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "A login, with its CSRF token."},
        ]


def _require_csrf_token(request: Request) -> None:
    def answer(_: HttpRequest) -> HttpResponse:
        return HttpResponse()

    check = CSRFCheck(answer)
    check.process_request(request._request)
    if check.process_view(request._request, answer, (), {}) is not None:
        raise CsrfFailed
