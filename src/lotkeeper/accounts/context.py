"""What every page knows of the one who asks."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.accounts.queries import tenant_of

_THEMES = frozenset({"light", "dark"})


def who_asks(request: HttpRequest) -> dict[str, Any]:
    """Their business, and what they may do at one outlet at least: no page offers what would be refused.

    An error page may be made before anybody knows who asks.
    """
    theme = request.COOKIES.get("theme")
    shown: dict[str, Any] = {"theme": theme if theme in _THEMES else None}
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        return shown
    may = {permission.value: actor.may_somewhere(permission) for permission in Permission}
    return {**shown, "tenant": SimpleLazyObject(lambda: tenant_of(actor)), "may": may}
