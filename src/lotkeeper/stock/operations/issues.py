"""Stock leaves an outlet: sales, samples, and whatever else takes the batch that expires first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.postgres.retry import in_one_statement, in_transaction
from lotkeeper.core.quantity import InvalidNumber, quantity_from
from lotkeeper.stock import _ledger
from lotkeeper.stock._ledger import Entry, Issue, IssueLine, Outcome, Posting
from lotkeeper.stock.operations._entry import entry_for
from lotkeeper.stock.policies import ISSUE_KINDS, MovementKind, OperationKind

#: One basket. An import has its own door.
MAX_LINES = 1000


class _Asked(NamedTuple):
    """A request to take stock out, checked."""

    actor: Actor
    entry: Entry
    movement_type: MovementKind
    outlet_id: int
    lines: Sequence[IssueLine]


def deduct_stock(
    *,
    actor: Actor,
    outlet_id: int,
    lines: Sequence[IssueLine],
    movement_type: MovementKind = MovementKind.SALE,
    reference_id: str | None = None,
    reason: str = "",
    note: str = "",
    occurred_at: dt.datetime | None = None,
) -> Posting:
    """Sell or give out stock: the batch that expires first goes first, and either every line goes or none does.

    Args:
        actor: who sells.
        outlet_id: where.
        lines: what, in the base unit; a line may name the lot in the clerk's hand.
        movement_type: ``sale`` or ``sample``.
        reference_id: the seller's own number; the same request under it is posted once.
        reason: shown in the history.
        note: a longer remark.
        occurred_at: when it happened, if not now; what may be sold is decided by today's date all the same.

    Raises:
        InsufficientStockError: with the true numbers of every short line; nothing was changed.
        BatchNotSellable: the lot in hand is expired, held or recalled.
        ReferenceReused: the reference belongs to another request.
        PermissionRefused, NotFound, TooPrecise, InvalidRequest.
    """
    actor.require(Permission.SELL, outlet_id)
    if movement_type not in ISSUE_KINDS:
        raise InvalidRequest({"movement_type": [f"Stock is issued as {' or '.join(sorted(ISSUE_KINDS))}."]})
    merged = checked_lines(lines)

    def make_entry() -> Entry:
        return entry_for(
            actor,
            OperationKind.ISSUE,
            issue_request(outlet_id, movement_type, merged),
            reference_id=reference_id,
            reason=reason,
            note=note,
            occurred_at=occurred_at,
        )

    if occurred_at is not None:
        # How far back an entry may be dated is read first, in the same transaction.
        return in_transaction(lambda: _post(_Asked(actor, make_entry(), movement_type, outlet_id, merged)))
    asked = _Asked(actor, make_entry(), movement_type, outlet_id, merged)
    return in_one_statement(lambda: _post(asked))


def issue_for_transfer(
    *,
    actor: Actor,
    outlet_id: int,
    lines: Sequence[IssueLine],
    reference_id: str | None,
    note: str = "",
    occurred_at: dt.datetime | None = None,
) -> Posting:
    """Take goods off the shelf of one outlet for another; the transfer keeps what is on its way.

    Raises:
        InsufficientStockError, BatchNotSellable, ReferenceReused, PermissionRefused, NotFound, TooPrecise,
        InvalidRequest.
    """
    actor.require(Permission.TRANSFER, outlet_id)
    merged = checked_lines(lines)

    def post() -> Posting:
        request = {"outlet_id": outlet_id, "lines": merged}
        entry = entry_for(
            actor, OperationKind.TRANSFER, request, reference_id=reference_id, note=note, occurred_at=occurred_at
        )
        return _ledger.deduct(actor, entry, kind=MovementKind.TRANSFER_OUT, outlet_id=outlet_id, lines=merged)

    return in_transaction(post)


def import_sales(*, actor: Actor, outlet_id: int, sales: Sequence[Issue], today: dt.date) -> Sequence[Outcome]:
    """Post many past sales of one outlet in one call, each whole or refused by itself.

    Args:
        actor: who imports.
        outlet_id: where they were sold.
        sales: in the order in which they happened.
        today: the day that decides what was expired: a past sale was right on its own day.

    Raises:
        PermissionRefused.
    """
    actor.require(Permission.IMPORT, outlet_id)
    actors = [actor] * len(sales)
    return in_transaction(
        lambda: _ledger.deduct_many(actors, sales, kind=MovementKind.SALE, outlet_id=outlet_id, today=today, brief=True)
    )


def issue_request(outlet_id: int, kind: MovementKind, lines: Sequence[IssueLine]) -> Mapping[str, Any]:
    """What a request to take stock out asks for: its fingerprint is made of this, whichever way it came."""
    return {"outlet_id": outlet_id, "kind": kind, "lines": lines}


def checked_lines(lines: Sequence[IssueLine]) -> Sequence[IssueLine]:
    """The lines with positive exact quantities, those of the same variation and lot taken together.

    Raises:
        InvalidRequest: naming each line that is wrong.
    """
    if not lines or len(lines) > MAX_LINES:
        raise InvalidRequest({"lines": [f"Between 1 and {MAX_LINES} lines, please."]})
    together: dict[tuple[int, int | None], IssueLine] = {}
    errors: dict[str, list[str]] = {}
    for position, line in enumerate(lines):
        try:
            quantity = quantity_from(line.quantity)
        except InvalidNumber as error:
            errors[f"lines.{position}.quantity"] = [str(error)]
            continue
        key = (line.variation_id, line.batch_id)
        before = together[key].quantity if key in together else Decimal(0)
        together[key] = line._replace(quantity=before + quantity)
    if errors:
        raise InvalidRequest(errors)
    return list(together.values())


def _post(asked: _Asked) -> Posting:
    return _ledger.deduct(
        asked.actor, asked.entry, kind=asked.movement_type, outlet_id=asked.outlet_id, lines=asked.lines
    )
