"""What is promised to customers."""

from __future__ import annotations

import datetime as dt

from django.db.models import Prefetch, Q, QuerySet

from lotkeeper.accounts.policies import Actor
from lotkeeper.core.errors import NotFound
from lotkeeper.stock.models import Reservation, ReservationLine, ReservationStatus
from lotkeeper.stock.queries.visibility import visible_outlets


def reservations(
    actor: Actor, *, outlet_id: int | None = None, status: ReservationStatus | None = None
) -> QuerySet[Reservation]:
    """The reservations at the outlets that the actor may see. One whose time is over has lapsed, marked or not.

    Raises:
        NotFound: for an outlet that is not theirs to see.
    """
    lines = ReservationLine.objects.order_by("variation_id")
    found: QuerySet[Reservation] = (
        Reservation.objects.select_related("operation")
        .prefetch_related(Prefetch("lines", queryset=lines))
        .filter(outlet_id__in=visible_outlets(actor, outlet_id))
    )
    if status is None:
        return found
    holds = Q(status=ReservationStatus.ACTIVE, expires_at__gt=dt.datetime.now(dt.UTC))
    if status == ReservationStatus.ACTIVE:
        return found.filter(holds)
    if status == ReservationStatus.LAPSED:
        return found.filter(Q(status=status) | (Q(status=ReservationStatus.ACTIVE) & ~holds))
    return found.filter(status=status)


def reservation_for(actor: Actor, reservation_id: int) -> Reservation:
    """One reservation.

    Raises:
        NotFound: if it is unknown, another business's, or at an outlet that is not theirs to see.
    """
    reservation = reservations(actor).filter(pk=reservation_id).first()
    if reservation is None:
        raise NotFound("reservation", reservation_id=reservation_id)
    return reservation
