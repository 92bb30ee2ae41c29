"""One line for each request: what was asked, by whom, what came of it, how long it took; nothing that opens a door."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import structlog

from lotkeeper.accounts.policies import Actor

#: The header of an answer that names the operation that was posted.
OPERATION_HEADER: Final = "Operation-Id"
#: Asked every few seconds by whoever watches the house; nobody wants to read that it stands.
_HEALTH: Final = "/healthz"
#: Whoever waits longer notices, so somebody should look.
_SLOW_SECONDS: Final = 1.0

_log = structlog.get_logger()


def log_request(
    *, method: str, route: str | None, status: int, seconds: float, actor: Actor | None, operation_id: int | None
) -> None:
    """Tell of a request that was answered.

    Args:
        method: the verb.
        route: the address's pattern, and not the address: some hold a one-time secret. None if there is none.
        status: of the answer.
        seconds: how long the answer took.
        actor: who asked, if it was found out.
        operation_id: the operation that was posted, or whose answer was repeated.
    """
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        tell = _log.error
    elif seconds > _SLOW_SECONDS:
        tell = _log.warning
    elif route == _HEALTH:
        tell = _log.debug
    else:
        tell = _log.info
    tell(
        "request",
        method=method,
        route=route,
        status=status,
        duration_ms=round(seconds * 1000, 1),
        tenant=None if actor is None else actor.tenant_id,
        user=None if actor is None else actor.user_id,
        token=None if actor is None else actor.token_id,
        operation=operation_id,
    )


def log_till_sale(*, route: str, seconds: float, actor: Actor, operation_id: int) -> None:
    """Tell of a till's plain sale that went well if it was slow: who sold what and when stands in the ledger anyway."""
    if seconds > _SLOW_SECONDS:
        log_request(method="POST", route=route, status=200, seconds=seconds, actor=actor, operation_id=operation_id)
