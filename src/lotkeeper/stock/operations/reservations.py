"""Stock is promised for a while: a basket, an online order. What is promised is not sold to somebody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock import _ledger
from lotkeeper.stock._ledger import IssueLine, Posting
from lotkeeper.stock.errors import ReservationClosed, TooPrecise
from lotkeeper.stock.models import Reservation, ReservationStatus
from lotkeeper.stock.operations._entry import entry_for
from lotkeeper.stock.operations.issues import checked_lines
from lotkeeper.stock.policies import MovementKind, OperationKind

#: A basket is held for minutes, an order for collection for days.
MAX_HOLD = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Reserved:
    """A promise and until when it holds."""

    reservation_id: int
    expires_at: dt.datetime
    replayed: bool


def reserve_stock(
    *,
    actor: Actor,
    outlet_id: int,
    lines: Sequence[IssueLine],
    hold_for: dt.timedelta,
    reference_id: str | None = None,
    reason: str = "",
) -> Reserved:
    """Promise stock to a customer for a limited time; it lapses by itself.

    Raises:
        InsufficientStockError: less is free than asked for; nothing was promised.
        InvalidRequest, ReferenceReused, PermissionRefused, NotFound, TooPrecise.
    """
    actor.require(Permission.RESERVE, outlet_id)
    if not dt.timedelta(0) < hold_for <= MAX_HOLD:
        raise InvalidRequest({"hold_seconds": [f"Between 1 second and {MAX_HOLD.days} days."]})
    merged = checked_lines(lines)
    if any(line.batch_id is not None for line in merged):
        raise InvalidRequest({"lines": ["A reservation promises a quantity, not a batch."]})

    def post() -> Reserved:
        if not Outlet.objects.filter(pk=outlet_id, is_active=True).exists():
            raise NotFound("outlet", outlet_id=outlet_id)
        _check_precision(merged)
        entry = entry_for(
            actor,
            OperationKind.RESERVATION,
            {"outlet_id": outlet_id, "lines": merged, "hold": hold_for.total_seconds()},
            reference_id=reference_id,
            reason=reason,
        )
        expires_at = dt.datetime.now(dt.UTC) + hold_for
        answer = _ledger.reserve(actor, entry, outlet_id=outlet_id, lines=merged, expires_at=expires_at)
        return Reserved(answer["reservation_id"], dt.datetime.fromisoformat(answer["expires_at"]), "replayed" in answer)

    return in_transaction(post)


def release_reservation(*, actor: Actor, reservation_id: int) -> None:
    """Give back what was promised, before its time.

    Raises:
        ReservationClosed: it was sold, released or has lapsed.
        PermissionRefused, NotFound.
    """

    def release() -> None:
        reservation = _reservation(reservation_id)
        actor.require(Permission.RESERVE, reservation.outlet_id)
        _ledger.close_reservation(
            reservation_id, outlet_id=reservation.outlet_id, status=ReservationStatus.RELEASED.value
        )

    in_transaction(release)


def commit_reservation(
    *, actor: Actor, reservation_id: int, reference_id: str | None = None, reason: str = ""
) -> Posting:
    """Sell what was promised, by FEFO, as one operation.

    Raises:
        ReservationClosed: it was sold, released or has lapsed.
        InsufficientStockError: what was promised expired or was written off meanwhile.
        ReferenceReused, PermissionRefused, NotFound.
    """

    def post() -> Posting:
        reservation = _reservation(reservation_id)
        actor.require(Permission.SELL, reservation.outlet_id)
        lines = [IssueLine(line.variation_id, line.quantity) for line in reservation.lines.order_by("variation_id")]
        entry = entry_for(
            actor,
            OperationKind.ISSUE,
            {"reservation": reservation_id},
            reference_id=reference_id,
            reason=reason,
        )
        return _ledger.deduct(
            actor,
            entry,
            kind=MovementKind.SALE,
            outlet_id=reservation.outlet_id,
            lines=lines,
            reservation_id=reservation_id,
        )

    return in_transaction(post)


def lapse_reservations(*, limit: int = 1000) -> int:
    """Mark what has lapsed, each in a transaction of its own; says how many. A promise ends by itself, marked or not.

    To be called in the tenant's scope, outside a transaction.
    """
    now = dt.datetime.now(dt.UTC)

    def due() -> list[tuple[int, int]]:
        lapsed = Reservation.objects.filter(status=ReservationStatus.ACTIVE, expires_at__lte=now)
        return list(lapsed.order_by("expires_at").values_list("id", "outlet_id")[:limit])

    def lapse(reservation_id: int, outlet_id: int) -> None:
        # One that was released in the meantime is closed already, and stays so.
        with suppress(ReservationClosed):
            _ledger.close_reservation(reservation_id, outlet_id=outlet_id, status=ReservationStatus.LAPSED.value)

    lapsed = in_transaction(due)
    for reservation_id, outlet_id in lapsed:
        in_transaction(partial(lapse, reservation_id, outlet_id))
    return len(lapsed)


def _reservation(reservation_id: int) -> Reservation:
    reservation: Reservation | None = Reservation.objects.filter(pk=reservation_id).first()
    if reservation is None:
        raise NotFound("reservation", reservation_id=reservation_id)
    return reservation


def _check_precision(lines: Sequence[IssueLine]) -> None:
    decimals: dict[int, int] = dict(
        ItemVariation.objects.filter(pk__in=[line.variation_id for line in lines]).values_list(
            "id", "quantity_decimals"
        )
    )
    for position, line in enumerate(lines):
        if line.variation_id not in decimals:
            raise NotFound("variation", variation_id=line.variation_id)
        if line.quantity != round(line.quantity, decimals[line.variation_id]):
            raise TooPrecise(
                line=position + 1, variation_id=line.variation_id, quantity_decimals=decimals[line.variation_id]
            )
