"""The one door to the ledger: typed wrappers round the posting functions in the database (``sql/functions``).

Only ``stock.operations`` imports this module; an import contract says so. Each call must stand inside a transaction
with its tenant. What the functions refuse arrives as the refusals of ``stock.errors``; when the disk is nearly full,
none is called at all (``DiskFull``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

import psycopg
from django.db import connection

from lotkeeper.accounts.policies import Actor
from lotkeeper.core.errors import NotFound, Refusal
from lotkeeper.core.postgres.calls import array_text, bytes_array, call, text_array
from lotkeeper.core.postgres.free_space import require_free_space
from lotkeeper.core.tenancy import current_tenant_id
from lotkeeper.stock import errors
from lotkeeper.stock.policies import MovementKind, OperationKind


@dataclass(frozen=True, slots=True)
class Entry:
    """What an operation says of itself: its kind, its reference for safe retries, and why."""

    kind: OperationKind
    fingerprint: bytes
    reference_id: str | None = None
    reason: str = ""
    note: str = ""
    occurred_at: dt.datetime | None = None
    refers_to: int | None = None


class IssueLine(NamedTuple):
    """So much of a variation, from whichever batches the rule picks, or from the lot in hand."""

    variation_id: int
    quantity: Decimal
    batch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch to find by what is written on it, or to make."""

    outlet_id: int
    variation_id: int
    batch_number: str
    expiry_date: dt.date | None
    unit_cost: Decimal | None
    received_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A signed quantity of one batch: a known one by id, or one that arrives."""

    kind: MovementKind
    quantity: Decimal
    batch: int | Arrival


@dataclass(frozen=True, slots=True)
class Movement:
    """A ledger line as the answer tells it."""

    line: int
    variation_id: int
    batch_id: int
    batch_number: str
    quantity: Decimal
    balance_after: Decimal
    expiry_date: dt.date | None
    unit_cost: Decimal | None
    #: The lot in hand was sold although an earlier one stood on the shelf.
    override: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """An operation that stands in the ledger. ``replayed``: it stood there before this request."""

    operation_id: int
    movements: Sequence[Movement]
    replayed: bool


class Fate(StrEnum):
    """What became of one operation among many."""

    POSTED = "posted"
    REPLAYED = "replayed"
    REFUSED = "refused"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One operation among many: posted, replayed, or refused by ``refusal``."""

    fate: Fate
    operation_id: int | None
    answer: Mapping[str, Any]

    def posting(self, entry: Entry) -> Posting:
        """The posting, or the refusal raised.

        Raises:
            Refusal: why it was refused.
        """
        if self.fate is Fate.MISMATCH:
            raise errors.ReferenceReused(reference_id=entry.reference_id)
        if self.fate is Fate.REFUSED:
            raise self.refusal()
        return _posting(self.answer, replayed=self.fate is Fate.REPLAYED)

    def refusal(self) -> Refusal:
        """Why it was refused."""
        lines = self.answer["lines"]
        match self.answer["code"]:
            case "insufficient_stock":
                return errors.InsufficientStockError(lines)
            case "exceeds_original":
                return errors.ExceedsOriginal(lines=lines)
            case "archived":
                return errors.BatchArchived(batch_id=lines[0]["batch_id"], lines=lines)
            case "too_precise":
                return errors.TooPrecise(quantity_decimals=lines[0]["quantity_decimals"], lines=lines)
            case _ if "batch_id" in lines[0]:
                return NotFound("batch", batch_id=lines[0]["batch_id"])
            case _:
                return NotFound("variation", variation_id=lines[0]["variation_id"])


class TokenSale(NamedTuple):
    """A plain sale at one outlet, and the token under which it is asked for: its prefix, and the SHA-256 of it all."""

    prefix: str
    digest: bytes
    outlet_id: int
    entry: Entry
    line: IssueLine


class SaleTold(NamedTuple):
    """What the database told of a plain sale that stands in the ledger; read by whoever asked for it."""

    user_id: int
    token_id: int
    fate: Fate
    answer: str

    def posting(self) -> Posting:
        """The posting."""
        return _posting(_loads(self.answer), replayed=self.fate is Fate.REPLAYED)


@dataclass(frozen=True, slots=True)
class Issue:
    """One operation of many that take stock out of an outlet."""

    entry: Entry
    lines: Sequence[IssueLine]


@dataclass(frozen=True, slots=True)
class BatchOperation:
    """One operation of many whose lines name their batches."""

    entry: Entry
    lines: Sequence[BatchLine]


def deduct(
    actor: Actor,
    entry: Entry,
    *,
    kind: MovementKind,
    outlet_id: int,
    lines: Sequence[IssueLine],
    reservation_id: int | None = None,
) -> Posting:
    """Take stock out of an outlet, by FEFO or from the lots named: all lines, or none.

    Raises:
        InsufficientStockError, BatchNotSellable, TooPrecise, ReferenceReused, ReservationClosed, NotFound.
    """
    answer = _call(
        "SELECT lk.deduct(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::text::bigint[], %s::text::numeric[],"
        " %s::text::bigint[], %s)::text",
        *_who(actor), entry.kind.value, kind.value, entry.reference_id, entry.fingerprint, entry.reason, entry.note,
        entry.occurred_at, outlet_id, array_text(line.variation_id for line in lines),
        array_text(line.quantity for line in lines), array_text(line.batch_id for line in lines), reservation_id,
    )  # fmt: skip
    posting = _posting(answer, replayed="replayed" in answer)
    if not posting.replayed:
        _hold_counts(actor, [(entry, posting.operation_id)])
    return posting


def deduct_many(
    actors: Sequence[Actor],
    issues: Sequence[Issue],
    *,
    kind: MovementKind,
    outlet_id: int,
    today: dt.date | None = None,
    brief: bool = False,
) -> Sequence[Outcome]:
    """Many operations that take stock out of one outlet in one call, each accepted or refused by itself.

    Args:
        actors: who asks for each; all of one tenant.
        issues: the operations, in order of arrival; all of one operation kind.
        kind: the movements' kind.
        outlet_id: where.
        today: the date that decides what is expired; None for the outlet's own today.
        brief: answers carry the operation's number only.
    """
    entries = [issue.entry for issue in issues]
    lines = [(of, number, line) for of, issue in enumerate(issues, 1) for number, line in enumerate(issue.lines, 1)]
    rows = _rows(
        "SELECT status, operation_id, response::text FROM lk.deduct_many("
        "%s, %s::text::bigint[], %s::text::bigint[], %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::text::int[],"
        " %s::text::int[], %s::text::bigint[], %s::text::numeric[], %s)",
        actors[0].tenant_id, array_text(actor.user_id for actor in actors),
        array_text(actor.token_id for actor in actors), [actor.channel.value for actor in actors],
        entries[0].kind.value, kind.value, outlet_id, today,
        *_columns(entries)[:5],
        array_text(of for of, _, _ in lines), array_text(number for _, number, _ in lines),
        array_text(line.variation_id for _, _, line in lines), array_text(line.quantity for _, _, line in lines), brief,
    )  # fmt: skip
    return _with_counts_held(actors[0], entries, _outcomes(rows))


def sell_many(sales: Sequence[TokenSale], *, roles: Sequence[str], scopes: Sequence[str]) -> Sequence[SaleTold | None]:
    """Plain sales at one outlet in one call, each under its own token and accepted or refused by itself.

    None for a sale that is refused, whatever the reason.

    Args:
        sales: in order of arrival; all at one outlet of the tenant in scope.
        roles: the roles that may sell.
        scopes: the scopes of a token that may sell.
    """
    rows = _rows(
        "SELECT position, user_id, token_id, status, response::text FROM lk.sell_many(%s, %s, %s::text::text[],"
        " %s::text::text[], %s::text::text[], %s::text::bytea[], %s::text::text[], %s::text::bytea[], %s::text::text[],"
        " %s::text::bigint[], %s::text::numeric[])",
        current_tenant_id(), sales[0].outlet_id, text_array(roles), text_array(scopes),
        text_array(sale.prefix for sale in sales), bytes_array(sale.digest for sale in sales),
        text_array(sale.entry.reference_id or "" for sale in sales),
        bytes_array(sale.entry.fingerprint for sale in sales), text_array(sale.entry.reason for sale in sales),
        array_text(sale.line.variation_id for sale in sales), array_text(sale.line.quantity for sale in sales),
    )  # fmt: skip
    told: list[SaleTold | None] = [None] * len(sales)
    for position, user_id, token_id, fate, answer in rows:
        told[position - 1] = SaleTold(user_id, token_id, Fate(fate), answer)
    return told


def post(actor: Actor, entry: Entry, lines: Sequence[BatchLine]) -> Posting:
    """One operation whose lines name their batches, or describe those that arrive: all lines, or none.

    Raises:
        InsufficientStockError, ExceedsOriginal, TooPrecise, ReferenceReused, NotFound.
    """
    (outcome,) = post_many(actor, [BatchOperation(entry, lines)])
    return outcome.posting(entry)


def post_many(actor: Actor, operations: Sequence[BatchOperation], *, brief: bool = False) -> Sequence[Outcome]:
    """Many operations whose lines name their batches, in one call, each accepted or refused by itself."""
    entries = [operation.entry for operation in operations]
    lines = [(of, n, line) for of, operation in enumerate(operations, 1) for n, line in enumerate(operation.lines, 1)]
    arrivals = [line.batch if isinstance(line.batch, Arrival) else None for _, _, line in lines]
    rows = _rows(
        "SELECT status, operation_id, response::text FROM lk.post_many("
        "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bigint[], %s::int[], %s::int[], %s, %s, %s::bigint[],"
        " %s::bigint[], %s::bigint[], %s, %s::date[], %s::numeric[], %s::timestamptz[], %s)",
        *_who(actor), entries[0].kind.value, *_columns(entries),
        [of for of, _, _ in lines], [n for _, n, _ in lines], [line.kind.value for _, _, line in lines],
        [line.quantity for _, _, line in lines],
        [None if isinstance(line.batch, Arrival) else line.batch for _, _, line in lines],
        [arrival and arrival.outlet_id for arrival in arrivals],
        [arrival and arrival.variation_id for arrival in arrivals],
        [arrival and arrival.batch_number for arrival in arrivals],
        [arrival and arrival.expiry_date for arrival in arrivals],
        [arrival and arrival.unit_cost for arrival in arrivals],
        [arrival and arrival.received_at for arrival in arrivals],
        brief,
    )  # fmt: skip
    return _with_counts_held(actor, entries, _outcomes(rows))


@dataclass(frozen=True, slots=True)
class CountLine:
    """What was counted of a batch, and when; one that the book does not know is told by what is written on it."""

    batch: int | Arrival
    counted: Decimal
    counted_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """A counted line as it was posted. ``superseded``: a later count was posted before, and this one left alone."""

    batch_id: int
    book: Decimal
    version: int
    variance: Decimal
    superseded: bool


@dataclass(frozen=True, slots=True)
class CountPosting:
    """A count that stands in the ledger, a line for each that was asked for, in the same order."""

    operation_id: int
    lines: Sequence[Counted]


def post_counts(actor: Actor, entry: Entry, *, outlet_id: int, lines: Sequence[CountLine]) -> CountPosting:
    """Post what was counted: each batch moves by its difference from the book of the moment of counting.

    Raises:
        SoldSinceCounted, CountedTwice, BatchArchived, TooPrecise, ReferenceReused, NotFound.
    """
    arrivals = [line.batch if isinstance(line.batch, Arrival) else None for line in lines]
    rows = _rows(
        "SELECT operation_id, batch_id, book, version, variance, superseded FROM lk.post_counts("
        "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::bigint[], %s::numeric[], %s::timestamptz[],"
        " %s::bigint[], %s::text[], %s::date[], %s::numeric[], NULL)",
        *_who(actor), entry.reference_id, entry.fingerprint, entry.reason, entry.note, outlet_id,
        [None if isinstance(line.batch, Arrival) else line.batch for line in lines],
        [line.counted for line in lines], [line.counted_at for line in lines],
        [arrival and arrival.variation_id for arrival in arrivals],
        [arrival and arrival.batch_number for arrival in arrivals],
        [arrival and arrival.expiry_date for arrival in arrivals],
        [arrival and arrival.unit_cost for arrival in arrivals],
    )  # fmt: skip
    return CountPosting(rows[0][0], [Counted(*row[1:]) for row in rows])


def reserve(
    actor: Actor, entry: Entry, *, outlet_id: int, lines: Sequence[IssueLine], expires_at: dt.datetime
) -> Mapping[str, Any]:
    """Promise stock until ``expires_at``.

    Raises:
        InsufficientStockError, ReferenceReused.
    """
    return _call(
        "SELECT lk.reserve(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)::text",
        *_who(actor), entry.reference_id, entry.fingerprint, entry.reason, outlet_id,
        [line.variation_id for line in lines], [line.quantity for line in lines], expires_at,
    )  # fmt: skip


def close_reservation(reservation_id: int, *, outlet_id: int, status: str) -> None:
    """Give back what a reservation promised.

    Raises:
        ReservationClosed, NotFound.
    """
    _rows("SELECT lk.close_reservation(%s, %s, %s, %s)", current_tenant_id(), reservation_id, outlet_id, status)


def amend_batch(actor: Actor, entry: Entry, *, batch_id: int, changes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Correct what is written on a batch, or whether it may be sold.

    Raises:
        NothingToChange, BatchArchived, BatchIdentityTaken, ReferenceReused, NotFound.
    """
    return _call(
        "SELECT lk.amend_batch(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)::text",
        *_who(actor), entry.reference_id, entry.fingerprint, entry.reason, entry.note, batch_id,
        json.dumps(changes, default=_json_value),
    )  # fmt: skip


def _json_value(value: object) -> object:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    message = f"{value!r} has no place in a batch"
    raise TypeError(message)


def _who(actor: Actor) -> tuple[int, int, int | None, str]:
    return actor.tenant_id, actor.user_id, actor.token_id, actor.channel.value


def _columns(entries: Sequence[Entry]) -> tuple[list[Any], ...]:
    return (
        [entry.reference_id for entry in entries],
        [entry.fingerprint for entry in entries],
        [entry.reason for entry in entries],
        [entry.note for entry in entries],
        [entry.occurred_at for entry in entries],
        [entry.refers_to for entry in entries],
    )


def _with_counts_held(actor: Actor, entries: Sequence[Entry], outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    told = zip(entries, outcomes, strict=True)
    _hold_counts(actor, [(entry, each.operation_id) for entry, each in told if each.fate is Fate.POSTED])
    return outcomes


def _hold_counts(actor: Actor, posted: Sequence[tuple[Entry, int | None]]) -> None:
    """Keep what was counted counted: what was just entered may have happened before a count that is posted already."""
    # A reversal is dated as what it takes back, where that is a count.
    dated = [(entry, each) for entry, each in posted if entry.occurred_at or entry.kind is OperationKind.REVERSAL]
    if dated:
        since = min((entry.occurred_at for entry, _ in dated if entry.occurred_at), default=None)
        _rows(
            "SELECT lk.hold_counts(%s, %s, %s, %s, %s, coalesce(%s::timestamptz, '-infinity'))",
            *_who(actor), [each for _, each in dated], since,
        )  # fmt: skip


def _outcomes(rows: Sequence[tuple[Any, ...]]) -> Sequence[Outcome]:
    # A mismatch with what was refused in the same call has no answer: nothing stands under its reference.
    return [Outcome(Fate(fate), operation_id, _loads(answer or "{}")) for fate, operation_id, answer in rows]


def _loads(answer: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(answer, parse_float=Decimal)
    return loaded


def _posting(answer: Mapping[str, Any], *, replayed: bool) -> Posting:
    return Posting(
        operation_id=answer["operation_id"],
        movements=[
            Movement(
                line=each["line"],
                variation_id=each["variation_id"],
                batch_id=each["batch_id"],
                batch_number=each["batch"],
                quantity=Decimal(each["quantity"]),
                balance_after=Decimal(each["balance_after"]),
                expiry_date=None if each["expiry"] is None else dt.date.fromisoformat(each["expiry"]),
                unit_cost=None if each["unit_cost"] is None else Decimal(each["unit_cost"]),
                override=each.get("override", False),
            )
            for each in answer.get("movements", ())
        ],
        replayed=replayed,
    )


def _call(statement: str, *values: Any) -> dict[str, Any]:
    ((answer,),) = _rows(statement, *values)
    return _loads(answer)


def _rows(statement: str, *values: Any) -> Sequence[tuple[Any, ...]]:
    require_free_space()
    with connection.wrap_database_errors:
        try:
            return call(statement, *values)
        except psycopg.DatabaseError as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            raise refusal from None


def _refusal(error: psycopg.DatabaseError) -> Refusal | None:
    """The refusal behind a database error, by SQLSTATE alone: sharding changes the names of constraints."""
    told = error.diag.message_detail or "{}"
    if error.sqlstate == "LK409":
        return errors.InsufficientStockError(json.loads(told, parse_float=Decimal))
    refusal = _REFUSALS.get(error.sqlstate or "")
    return None if refusal is None else refusal(**_loads(told))


_REFUSALS: Mapping[str, type[Refusal]] = {
    "LK400": errors.TooPrecise,
    "LK404": NotFound,
    "LK410": errors.ReservationClosed,
    "LK411": errors.NothingToChange,
    "LK412": errors.BatchArchived,
    "LK413": errors.BatchNotSellable,
    "LK414": errors.BatchNotEmpty,
    "LK415": errors.SoldSinceCounted,
    "LK416": errors.CountedTwice,
    "LK422": errors.ReferenceReused,
}
