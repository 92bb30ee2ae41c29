"""The outlets that somebody may see. Reads only."""

from __future__ import annotations

from typing import cast

from django.db.models import QuerySet

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import NotFound
from lotkeeper.outlets.models import Outlet


def outlets_of(actor: Actor, permission: Permission = Permission.VIEW) -> QuerySet[Outlet]:
    """The outlets where the actor may do something: see them, unless another permission is named."""
    outlets = cast("QuerySet[Outlet]", Outlet.objects.all())
    allowed = actor.outlets_for(permission)
    return outlets if allowed is None else outlets.filter(pk__in=allowed)


def outlet_for(actor: Actor, outlet_id: int) -> Outlet:
    """One outlet that the actor may see.

    Raises:
        NotFound: if it is unknown, another business's, or not theirs to see.
    """
    outlet = outlets_of(actor).filter(pk=outlet_id).first()
    if outlet is None:
        raise NotFound("outlet")
    return outlet
