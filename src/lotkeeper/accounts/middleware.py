"""Who is asking: found once for each request, for pages and API alike; everything after happens in their tenant.

And what came of it, told once.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from lotkeeper.accounts.models import User
from lotkeeper.accounts.policies import Channel
from lotkeeper.accounts.queries import actor_for_token, actor_for_user
from lotkeeper.accounts.request_log import OPERATION_HEADER, log_request
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.web.errors import NotLoggedIn
from lotkeeper.web.problems import problem_response, wants_problem


class RequestLogMiddleware:
    """Tells of each request once it is answered; stands before everything that may answer, but for static files."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        operation_id = response.headers.get(OPERATION_HEADER)
        log_request(
            method=request.method or "",
            route=None if match is None else f"/{match.route}",
            status=response.status_code,
            seconds=time.perf_counter() - started,
            actor=getattr(request, "actor", None),
            operation_id=None if operation_id is None else int(operation_id),
        )
        return response


class ActorMiddleware:
    """Sets ``request.actor`` (None for nobody), ``request.user`` and the tenant in scope.

    Stands after AuthenticationMiddleware. A token wins over a session. It is no cookie, which a browser would send for
    a foreign page, so it needs no CSRF check; a session does, also on the API.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = None  # type: ignore[attr-defined]
        token = _bearer_token(request)
        return self._with_session(request) if token is None else self._with_token(request, token)

    def _with_token(self, request: HttpRequest, token: str) -> HttpResponse:
        actor = actor_for_token(token)
        if actor is None:
            return problem_response(
                NotLoggedIn("The API token is not valid, or no longer: it may have expired or been revoked.")
            )
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        request.actor = actor  # type: ignore[attr-defined]
        # Most views need only the actor; the person is read when somebody asks.
        request.user = SimpleLazyObject(lambda: User.objects.get(pk=actor.user_id))  # type: ignore[assignment]
        with tenant_scope(actor.tenant_id):
            return self.get_response(request)

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
