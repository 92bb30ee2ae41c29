"""What is written on a batch is corrected, and batches are kept from sale. The ledger keeps old and new values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import IntegrityError

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.retry import in_transaction
from lotkeeper.core.quantity import InvalidNumber, money_from
from lotkeeper.stock import _ledger
from lotkeeper.stock.errors import BatchIdentityTaken
from lotkeeper.stock.models import Batch
from lotkeeper.stock.operations._entry import entry_for, require_reason
from lotkeeper.stock.policies import BatchStatus, OperationKind

_AMENDABLE = frozenset({"batch_number", "expiry_date", "unit_cost"})


def amend_batch(
    *,
    actor: Actor,
    batch_id: int,
    changes: Mapping[str, str | dt.date | Decimal | None],
    reason: str,
    reference_id: str | None = None,
    note: str = "",
) -> Mapping[str, Any]:
    """Correct the number, expiry or cost of a batch that was entered wrong.

    Args:
        actor: who corrects.
        batch_id: which batch.
        changes: new values by name: ``batch_number``, ``expiry_date``, ``unit_cost``; None empties the last two.
        reason: why.
        reference_id: the same request under it is posted once.
        note: a longer remark.

    Raises:
        NothingToChange, BatchArchived, BatchIdentityTaken.
        InvalidRequest, ReferenceReused, PermissionRefused, NotFound.
    """
    require_reason(reason)
    if not changes or changes.keys() - _AMENDABLE:
        raise InvalidRequest({"changes": [f"What can be corrected: {', '.join(sorted(_AMENDABLE))}."]})
    if "batch_number" in changes and not str(changes["batch_number"] or "").strip():
        raise InvalidRequest({"batch_number": ["Name the batch, as printed on the goods."]})
    if changes.get("unit_cost") is not None:
        try:
            money_from(changes["unit_cost"])
        except InvalidNumber as error:
            raise InvalidRequest({"unit_cost": [str(error)]}) from error
    return _amend(
        actor,
        Permission.AMEND_BATCH,
        batch_id=batch_id,
        changes=changes,
        reason=reason,
        reference_id=reference_id,
        note=note,
    )


def hold_batch(
    *, actor: Actor, batch_id: int, reason: str, recalled: bool = False, reference_id: str | None = None
) -> Mapping[str, Any]:
    """Keep a batch from being sold, while it is looked into, or because its maker recalls it.

    Raises:
        NothingToChange, BatchArchived, InvalidRequest, ReferenceReused, PermissionRefused, NotFound.
    """
    require_reason(reason)
    status = BatchStatus.RECALLED if recalled else BatchStatus.HELD
    return _set_status(actor, Permission.HOLD_BATCH, batch_id, status, reason=reason, reference_id=reference_id)


def release_batch(*, actor: Actor, batch_id: int, reason: str, reference_id: str | None = None) -> Mapping[str, Any]:
    """Let a held or recalled batch be sold again, or take an archived one out once more.

    Raises:
        NothingToChange, BatchArchived, InvalidRequest, ReferenceReused, PermissionRefused, NotFound.
    """
    require_reason(reason)
    status = BatchStatus.AVAILABLE
    return _set_status(actor, Permission.HOLD_BATCH, batch_id, status, reason=reason, reference_id=reference_id)


def archive_batch(*, actor: Actor, batch_id: int, reason: str, reference_id: str | None = None) -> Mapping[str, Any]:
    """Put an empty batch away. Nothing is deleted: it leaves the lists, and takes no movements until it is released.

    Raises:
        BatchNotEmpty: there is stock in it.
        BatchArchived: it is archived already.
        InvalidRequest, ReferenceReused, PermissionRefused, NotFound.
    """
    require_reason(reason)
    status = BatchStatus.ARCHIVED
    return _set_status(actor, Permission.AMEND_BATCH, batch_id, status, reason=reason, reference_id=reference_id)


def _set_status(
    actor: Actor, permission: Permission, batch_id: int, status: BatchStatus, *, reason: str, reference_id: str | None
) -> Mapping[str, Any]:
    changes = {"status": status.value}
    return _amend(actor, permission, batch_id=batch_id, changes=changes, reason=reason, reference_id=reference_id)


def _amend(
    actor: Actor,
    permission: Permission,
    *,
    batch_id: int,
    changes: Mapping[str, Any],
    reason: str,
    reference_id: str | None,
    note: str = "",
) -> Mapping[str, Any]:
    def post() -> Mapping[str, Any]:
        outlet_id = Batch.objects.filter(pk=batch_id).values_list("outlet_id", flat=True).first()
        if outlet_id is None:
            raise NotFound("batch", batch_id=batch_id)
        actor.require(permission, outlet_id)
        entry = entry_for(
            actor,
            OperationKind.AMENDMENT,
            {"batch": batch_id, "changes": changes},
            reference_id=reference_id,
            reason=reason,
            note=note,
        )
        try:
            return _ledger.amend_batch(actor, entry, batch_id=batch_id, changes=changes)
        except IntegrityError as error:
            if getattr(error.__cause__, "sqlstate", None) == "23505":
                raise BatchIdentityTaken(batch_id=batch_id) from None
            raise

    return in_transaction(post)
