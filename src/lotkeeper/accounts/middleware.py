"""Who is asking: found once for each request, for pages and API alike; everything after happens in their tenant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from lotkeeper.accounts.models import User
from lotkeeper.accounts.policies import Actor, Channel
from lotkeeper.accounts.queries import actor_for_token, actor_for_user
from lotkeeper.accounts.tokens import parse_token
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.web.errors import NotLoggedIn
from lotkeeper.web.problems import problem_response, wants_problem

_View = TypeVar("_View", bound=Callable[..., Any])


def finds_actor_itself(view: _View) -> _View:
    """Mark a view that looks up a token inside its own transaction, to save two round trips on the hot path.

    Such a view gets ``request.bearer_token`` (None for a person in a browser, whose ``request.actor`` is set as
    usual), calls ``actor_for_token`` and raises ``NotLoggedIn`` when nobody is found.
    """
    view.finds_actor_itself = True  # type: ignore[attr-defined]
    return view


class ActorMiddleware:
    """Sets ``request.actor`` (None for nobody), ``request.user`` and the tenant in scope.

    Stands after AuthenticationMiddleware. A token wins over a session. It is no cookie, which a browser would send for
    a foreign page, so it needs no CSRF check; a session does, also on the API.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _bearer_token(request)
        request.bearer_token = token  # type: ignore[attr-defined]
        request.actor = None  # type: ignore[attr-defined]
        if token is not None:
            return self._with_token(request, token)
        return self._with_session(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Look the token up, now that it is known whether the view does so itself."""
        token = request.bearer_token  # type: ignore[attr-defined]
        if token is None or getattr(view, "finds_actor_itself", False):
            return None
        actor = _actor(token)
        if actor is None:
            return _turned_away()
        request.actor = actor  # type: ignore[attr-defined]
        request.user = _user_of(actor)
        return None

    def _with_token(self, request: HttpRequest, token: str) -> HttpResponse:
        parts = parse_token(token)
        if parts is None:
            return _turned_away()
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        with tenant_scope(parts.tenant_id):
            response = self.get_response(request)
            if request.resolver_match is None and _actor(token) is None:
                # No view was found, so nobody has looked at the token yet: a bad one is told first.
                return _turned_away()
            return response

    def _with_session(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, User) and not user.is_authenticated:
            return self.get_response(request)
        if user.tenant_id is None:
            return self.get_response(request)
        channel = Channel.API if wants_problem(request) else Channel.PAGE
        with tenant_scope(user.tenant_id):
            with transaction.atomic():
                request.actor = actor_for_user(user, channel)  # type: ignore[attr-defined]
            return self.get_response(request)


def _bearer_token(request: HttpRequest) -> str | None:
    scheme, _, credentials = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    # Other schemes belong to a proxy in front of us.
    return credentials.strip() if scheme.lower() == "bearer" else None


def _actor(token: str) -> Actor | None:
    with transaction.atomic():
        return actor_for_token(token)


def _turned_away() -> HttpResponse:
    return problem_response(
        NotLoggedIn("The API token is not valid, or no longer: it may have expired or been revoked.")
    )


def _user_of(actor: Actor) -> Any:
    # Most views need only the actor; the person is read when somebody asks.
    return SimpleLazyObject(lambda: User.objects.get(pk=actor.user_id))
