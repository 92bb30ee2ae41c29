"""What every operation says of itself, checked once."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from lotkeeper.accounts.models import Tenant
from lotkeeper.accounts.policies import Actor
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.stock._ledger import Entry
from lotkeeper.stock.policies import OperationKind

#: A till's clock may run a little ahead of the server's.
_CLOCK_SLACK = dt.timedelta(minutes=5)


def entry_for(
    actor: Actor,
    kind: OperationKind,
    request: Mapping[str, Any],
    *,
    reference_id: str | None,
    reason: str = "",
    note: str = "",
    occurred_at: dt.datetime | None = None,
    refers_to: int | None = None,
) -> Entry:
    """What an operation says of itself, with the fingerprint that tells a retry from another request.

    Raises:
        InvalidRequest: if it is dated in the future, or further back than the business allows.
    """
    if occurred_at is not None:
        _check_occurred_at(actor, occurred_at)
    return past_entry(
        kind,
        request,
        reference_id=reference_id,
        reason=reason,
        note=note,
        occurred_at=occurred_at,
        refers_to=refers_to,
    )


def past_entry(
    kind: OperationKind,
    request: Mapping[str, Any],
    *,
    reference_id: str | None,
    occurred_at: dt.datetime | None,
    reason: str = "",
    note: str = "",
    refers_to: int | None = None,
) -> Entry:
    """What an operation of an import says of itself: dated when it happened, however long ago."""
    told = {**request, "reason": reason, "note": note, "occurred_at": occurred_at, "refers_to": refers_to}
    return Entry(kind, fingerprint(kind, told), reference_id, reason, note, occurred_at, refers_to)


def require_reason(reason: str) -> None:
    """A correction says why.

    Raises:
        InvalidRequest: if it does not.
    """
    if not reason.strip():
        raise InvalidRequest({"reason": ["Say why: a correction without a reason cannot be checked."]})


def fingerprint(kind: OperationKind, request: Mapping[str, Any]) -> bytes:
    """SHA-256 over the request in canonical form: sorted names, exact numbers."""
    canonical = json.dumps([kind.value, request], default=_canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).digest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    if is_dataclass(value):
        return [getattr(value, field.name) for field in fields(value)]
    message = f"{value!r} has no canonical form"
    raise TypeError(message)


def _check_occurred_at(actor: Actor, occurred_at: dt.datetime) -> None:
    if occurred_at.tzinfo is None:
        raise InvalidRequest({"occurred_at": ["Name the time zone, such as 2026-11-22T10:00:00Z."]})
    now = dt.datetime.now(dt.UTC)
    limit = Tenant.objects.values_list("backdating_limit_days", flat=True).get(pk=actor.tenant_id)
    if occurred_at > now + _CLOCK_SLACK:
        raise InvalidRequest({"occurred_at": ["That is in the future."]})
    if occurred_at < now - dt.timedelta(days=limit):
        raise InvalidRequest({"occurred_at": [f"That is more than {limit} days back."]})
