"""Which outlets' stock somebody may see."""

from __future__ import annotations

from collections.abc import Sequence

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.outlets.queries import outlet_for, outlets_of


def visible_outlets(
    actor: Actor, outlet_id: int | None = None, permission: Permission = Permission.VIEW
) -> Sequence[int]:
    """The ids of the outlets that the actor may see, or of the one that is named.

    Raises:
        NotFound: if the one named is unknown, another business's, or not theirs to see.
    """
    if outlet_id is not None:
        return [outlet_for(actor, outlet_id).pk]
    return list(outlets_of(actor, permission).order_by("id").values_list("id", flat=True))
