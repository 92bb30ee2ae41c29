"""What people see on the shelves is written down, online or brought in later, each observation once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final, TypeAlias
from uuid import UUID, uuid4

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.core.postgres.statements import rows, statement
from lotkeeper.core.quantity import InvalidNumber, Sign, quantity_from
from lotkeeper.stock.errors import ReferenceReused, TooPrecise
from lotkeeper.stocktakes.errors import NotAssigned, OutOfScope, StockTakeClosed
from lotkeeper.stocktakes.models import StockTake, StockTakeItem, StockTakeStatus
from lotkeeper.stocktakes.operations._take import changed, database_now, link_found, locked_take
from lotkeeper.stocktakes.queries import SLICE, scope_of

#: One request of a device that was offline all day, or of a spreadsheet.
MAX_OBSERVATIONS: Final = 10_000
#: Clocks that agree differ by less.
_CLOCK_SLACK = dt.timedelta(minutes=5)
#: A difference that the way of the request explains is none of the device's clock; correcting it would do harm.
_SLOW_NETWORK = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Found:
    """What is written on goods that were found on the shelf and that the book may not know."""

    variation_id: int
    batch_number: str
    expiry_date: dt.date | None = None
    unit_cost: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """So much of one batch was seen, in the base unit.

    Args:
        batch: its id, or what is written on it.
        quantity: all of it at one place.
        counted_at: when, by the device's clock; None for now.
        client_id: the device's own number for it, so that it may be sent again; made up when None.
        place: where at the outlet. Of one place the latest observation holds; several places add up.
        round: the round it was counted for; None for the line's present one.
        reason: why it differs, as far as the counter knows.
    """

    batch: int | Found
    quantity: Decimal
    counted_at: dt.datetime | None = None
    client_id: UUID | None = None
    place: str = ""
    round: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many observations were kept, and how many had been sent before."""

    recorded: int
    known: int


def record_counts(
    *,
    actor: Actor,
    stock_take_id: int,
    observations: Sequence[Observation],
    sent_at: dt.datetime | None = None,
) -> Recorded:
    """Write down what was seen on the shelves: all of it, or none of it if something is wrong.

    What was seen offline is compared with the book of its own moment, however late it comes. What was sent before is
    recognised by its number and kept once.

    Args:
        actor: who counted.
        stock_take_id: for which stock take.
        observations: what was seen.
        sent_at: the device's clock as it sends this; if it is wrong, every ``counted_at`` is put right by as much.

    Raises:
        StockTakeClosed: the count was completed before this was seen, posted or cancelled.
        OutOfScope: something does not belong to this stock take.
        NotAssigned: other people were named to count.
        ReferenceReused: an observation's number was used for another one.
        InvalidRequest, TooPrecise, PermissionRefused, NotFound.
    """
    _check(observations)
    # Whoever counted waits for others of the same stock take, and the shop sells meanwhile: it was seen when this came.
    came_at = database_now()

    def record_() -> Recorded:
        take = locked_take(actor, stock_take_id, Permission.COUNT)
        return record(actor, take, observations, now=came_at, sent_at=sent_at)

    return in_transaction(record_)


def record(
    actor: Actor,
    take: StockTake,
    observations: Sequence[Observation],
    *,
    now: dt.datetime,
    sent_at: dt.datetime | None = None,
) -> Recorded:
    """Write observations down for a stock take that the caller has locked or just made.

    Raises:
        As ``record_counts``.
    """
    _check(observations)
    _require_assigned(actor, take)
    seen = [_Seen.of(each, client_id=each.client_id or uuid4()) for each in observations]
    known = _known(take, seen)
    new = [each for each in seen if each.client_id not in known]
    if not new:
        return Recorded(0, len(seen))
    if take.status not in (StockTakeStatus.DRAFT, StockTakeStatus.COMPLETED):
        raise StockTakeClosed(stock_take_id=take.pk, status=take.status)
    wrong_by = now - sent_at if sent_at is not None and abs(now - sent_at) > _SLOW_NETWORK else dt.timedelta(0)
    positions = {each.client_id: position for position, each in enumerate(seen)}
    for each in new:
        each.counted_at = _moment(take, each, now=now, wrong_by=wrong_by, position=positions[each.client_id])
    link_found(take)
    _resolve(take, new, positions)
    changed(take, "add_items", **_columns(new, "batch_id", "variation_id", "number", "expiry", "cost"))
    _refuse_rounds_to_come(take, new, positions)
    _refuse_after_completion(take, new, positions)
    kept = changed(
        take,
        "add_observations",
        now=now,
        user_id=actor.user_id,
        token_id=actor.token_id,
        **_columns(
            new, "client_id", "batch_id", "variation_id", "number", "expiry", "quantity", "counted_at", "place", "round"
        ),
    )
    if kept < len(new):
        # Some were kept for another stock take since we looked: its device has lost its way.
        _known(take, seen)
    changed(take, "take_latest", **_columns(new, "client_id"))
    reasons = [each for each in new if each.reason]
    if reasons:
        changed(take, "note_reasons", **_columns(reasons, "client_id", "reason"))
    return Recorded(len(new), len(known))


@dataclass(slots=True)
class _Seen:
    """An observation on its way into the database."""

    client_id: UUID
    batch_id: int | None
    variation_id: int | None
    number: str
    expiry: dt.date | None
    cost: Decimal | None
    quantity: Decimal
    counted_at: dt.datetime | None
    place: str
    round: int | None
    reason: str

    @classmethod
    def of(cls, told: Observation, *, client_id: UUID) -> _Seen:
        batch = told.batch
        batch_id, found = (None, batch) if isinstance(batch, Found) else (batch, None)
        return cls(
            client_id=client_id,
            batch_id=batch_id,
            variation_id=None if found is None else found.variation_id,
            number="" if found is None else found.batch_number,
            expiry=None if found is None else found.expiry_date,
            cost=None if found is None else found.unit_cost,
            quantity=told.quantity,
            counted_at=told.counted_at,
            place=told.place,
            round=told.round,
            reason=told.reason,
        )

    @property
    def identity(self) -> _Identity:
        return _identity(self.batch_id, self.variation_id, self.number, self.expiry)


_Identity: TypeAlias = tuple[int | None, int | None, str, dt.date | None]
_IDENTITY: Final = ("batch_id", "variation_id", "found_number", "found_expiry_date")


def _identity(batch_id: int | None, variation_id: int | None, number: str, expiry: dt.date | None) -> _Identity:
    """What a line of the stock take is known by: its batch, or what is written on the goods while it has none."""
    return (None, variation_id, number, expiry) if batch_id is None else (batch_id, variation_id, "", None)


#: Under which name a statement takes the values of a field, one for each observation.
_COLUMNS: Final[Mapping[str, str]] = {"expiry": "expiries", "quantity": "quantities"}


def _columns(seen: Sequence[_Seen], *names: str) -> dict[str, list[Any]]:
    return {_COLUMNS.get(name, f"{name}s"): [getattr(each, name) for each in seen] for name in names}


def _check(observations: Sequence[Observation]) -> None:
    if not observations or len(observations) > MAX_OBSERVATIONS:
        raise InvalidRequest({"observations": [f"Between 1 and {MAX_OBSERVATIONS} observations, please."]})
    errors: dict[str, list[str]] = {}
    for position, each in enumerate(observations):
        try:
            quantity_from(each.quantity, sign=Sign.NOT_NEGATIVE)
        except InvalidNumber as error:
            errors[f"observations.{position}.quantity"] = [str(error)]
        if isinstance(each.batch, Found) and not each.batch.batch_number.strip():
            errors[f"observations.{position}.batch_number"] = ["Name the batch, as printed on the goods."]
        if each.counted_at is not None and each.counted_at.tzinfo is None:
            errors[f"observations.{position}.counted_at"] = ["Name the time zone, such as 2026-11-22T10:00:00Z."]
    numbers = sorted(each.client_id for each in observations if each.client_id is not None)
    if any(one == other for one, other in pairwise(numbers)):
        errors["observations"] = ["Two observations have the same client_id."]
    if errors:
        raise InvalidRequest(errors)


def _require_assigned(actor: Actor, take: StockTake) -> None:
    assigned = set(take.assignees.values_list("user_id", flat=True))
    if assigned and actor.user_id not in assigned and not actor.may(Permission.RECONCILE, take.outlet_id):
        raise NotAssigned(stock_take_id=take.pk)


def _known(take: StockTake, seen: Sequence[_Seen]) -> set[UUID]:
    values = {"stock_take_id": take.pk, **_columns(seen, "client_id", "batch_id", "quantity", "place")}
    found = rows(statement(SLICE, "queries/known_observations"), values)
    for client_id, same in found:
        if not same:
            raise ReferenceReused(reference_id=str(client_id))
    return {client_id for client_id, _ in found}


def _moment(take: StockTake, each: _Seen, *, now: dt.datetime, wrong_by: dt.timedelta, position: int) -> dt.datetime:
    """When it was seen, by the server's clock: not in the future, and not before the count was opened."""
    if each.counted_at is None:
        return now
    try:
        moment = each.counted_at + wrong_by
    except OverflowError:
        moment = each.counted_at
    field = f"observations.{position}.counted_at"
    if moment > now + _CLOCK_SLACK:
        raise InvalidRequest({field: ["That is in the future. Is the device's clock right?"]})
    if moment < take.created_at - _CLOCK_SLACK:
        raise InvalidRequest({field: ["That is before this count was opened. Is the device's clock right?"]})
    return min(moment, now)


def _resolve(take: StockTake, seen: Sequence[_Seen], positions: Mapping[UUID, int]) -> None:
    """Find out what each observation is about, and whether that is to be counted here, in the variation's precision."""
    values = {
        "stock_take_id": take.pk,
        "outlet_id": take.outlet_id,
        **scope_of(take),
        **_columns(seen, "batch_id", "variation_id", "number", "expiry"),
    }
    found = rows(statement(SLICE, "queries/resolve"), values)
    outside: list[dict[str, Any]] = []
    for each, (_, batch_id, variation_id, decimals, in_scope) in zip(seen, found, strict=True):
        line = positions[each.client_id] + 1
        if variation_id is None or (each.batch_id is not None and batch_id is None):
            what = "variation" if each.batch_id is None else "batch"
            raise NotFound(what, **{f"{what}_id": each.batch_id or each.variation_id, "line": line})
        if each.quantity != round(each.quantity, decimals):
            raise TooPrecise(line=line, variation_id=variation_id, quantity_decimals=decimals)
        if not in_scope:
            outside.append({"line": line, "variation_id": variation_id, "batch_id": batch_id})
        each.batch_id, each.variation_id = batch_id, variation_id
    if outside:
        raise OutOfScope(lines=outside)


def _refuse_rounds_to_come(take: StockTake, seen: Sequence[_Seen], positions: Mapping[UUID, int]) -> None:
    told = [each for each in seen if each.round is not None]
    if not told:
        return
    items = StockTakeItem.objects.filter(stock_take=take, variation_id__in={each.variation_id for each in told})
    rounds = {_identity(*identity): now for *identity, now in items.values_list(*_IDENTITY, "round")}
    if wrong := [each for each in told if not 1 <= (each.round or 0) <= rounds[each.identity]]:
        field = f"observations.{positions[wrong[0].client_id]}.round"
        raise InvalidRequest({field: [f"This is counted in round {rounds[wrong[0].identity]}."]})


def _refuse_after_completion(take: StockTake, seen: Sequence[_Seen], positions: Mapping[UUID, int]) -> None:
    """Once completed, only what had been seen before is taken, and what was asked to be counted again."""
    if take.status != StockTakeStatus.COMPLETED:
        return
    assert take.completed_at is not None  # noqa: S101  # a completed count has its moment; for the type checker
    late = [each for each in seen if each.counted_at is not None and each.counted_at > take.completed_at]
    recounts = StockTakeItem.objects.filter(stock_take=take, awaiting_recount=True)
    awaited = {_identity(*line) for line in recounts.values_list(*_IDENTITY)}
    if refused := [{"line": positions[each.client_id] + 1} for each in late if each.identity not in awaited]:
        raise StockTakeClosed(stock_take_id=take.pk, status=take.status, lines=refused)
