"""Where a page works: the outlets somebody may choose from, and the one they chose last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.policies import Permission
from lotkeeper.core.errors import PermissionRefused
from lotkeeper.core.quantity import MAX_ID
from lotkeeper.outlets.models import Outlet
from lotkeeper.outlets.queries import outlets_of

#: A choice among more is no choice of a switcher.
MAX_OUTLETS: Final = 200
_REMEMBERED: Final = "outlet"


@dataclass(frozen=True, slots=True)
class Place:
    """The outlets to choose from, and the chosen one; None means all of them."""

    outlets: Sequence[Outlet]
    chosen: Outlet | None

    @property
    def outlet_id(self) -> int | None:
        """The chosen outlet's id."""
        return None if self.chosen is None else self.chosen.pk


def place_to_look(request: HttpRequest) -> Place:
    """Where a page looks: one outlet if the address names one that may be seen, all otherwise.

    Raises:
        PermissionRefused: for those who may look nowhere.
    """
    if not actor_of(request).may_somewhere(Permission.VIEW):
        raise PermissionRefused(permission=Permission.VIEW.value)
    outlets = _open_outlets(request, Permission.VIEW)
    return Place(outlets, _named(outlets, request.GET.get("outlet")))


def place_to_work(request: HttpRequest, permission: Permission) -> tuple[Sequence[Outlet], Outlet]:
    """Where a page works: the outlet that was chosen here, or last, or else the first where the actor may do it.

    Raises:
        PermissionRefused: if there is none.
    """
    outlets = _open_outlets(request, permission)
    if not outlets:
        raise PermissionRefused(permission=permission.value)
    asked = request.POST.get("outlet") or request.GET.get("outlet")
    chosen = _named(outlets, asked) or _named(outlets, str(request.session.get(_REMEMBERED, ""))) or outlets[0]
    if request.session.get(_REMEMBERED) != chosen.pk:
        request.session[_REMEMBERED] = chosen.pk
    return outlets, chosen


def number_in(text: str | None) -> int | None:
    """An id in an address or a form; None for what can be none."""
    if text is None or not text.isascii() or not text.isdecimal():
        return None
    number = int(text[:20])
    return number if 0 < number <= MAX_ID else None


def _open_outlets(request: HttpRequest, permission: Permission) -> Sequence[Outlet]:
    return list(outlets_of(actor_of(request), permission).filter(is_active=True).order_by("name")[:MAX_OUTLETS])


def _named(outlets: Sequence[Outlet], text: str | None) -> Outlet | None:
    wanted = number_in(text)
    return next((outlet for outlet in outlets if outlet.pk == wanted), None)
