"""Goods on their way, to read."""

from __future__ import annotations

from django.db.models import Prefetch, Q, QuerySet

from lotkeeper.accounts.policies import Actor
from lotkeeper.core.errors import NotFound
from lotkeeper.stock.queries import visible_outlets
from lotkeeper.transfers.models import Transfer, TransferLine, TransferStatus


def transfers(
    actor: Actor,
    *,
    outlet_id: int | None = None,
    source_id: int | None = None,
    destination_id: int | None = None,
    status: TransferStatus | None = None,
) -> QuerySet[Transfer]:
    """The transfers from or to the outlets that the actor may see.

    Args:
        actor: who looks.
        outlet_id: only those that begin or end there.
        source_id: only those that begin there.
        destination_id: only those that end there.
        status: only those that have come so far.

    Raises:
        NotFound: for an ``outlet_id`` that is not theirs to see.
    """
    lines = TransferLine.objects.select_related("batch").order_by("id")
    outlets = visible_outlets(actor, outlet_id)
    found: QuerySet[Transfer] = (
        Transfer.objects.select_related("sent")
        .prefetch_related(Prefetch("lines", queryset=lines))
        .filter(Q(source_id__in=outlets) | Q(destination_id__in=outlets))
    )
    if source_id is not None:
        found = found.filter(source_id=source_id)
    if destination_id is not None:
        found = found.filter(destination_id=destination_id)
    return found if status is None else found.filter(status=status)


def transfer_for(actor: Actor, transfer_id: int) -> Transfer:
    """One transfer.

    Raises:
        NotFound: if it is unknown, another business's, or neither end is at an outlet that is theirs to see.
    """
    transfer = transfers(actor).filter(pk=transfer_id).first()
    if transfer is None:
        raise NotFound("transfer", transfer_id=transfer_id)
    return transfer
