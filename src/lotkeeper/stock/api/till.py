"""The short way for a till's sale: straight from the web server to the operation.

Most calls of a busy shop are one plain sale, with a token, that succeeds. Those are answered here, before Django's
request, sessions, cookies and pages, which such a call does not use and which cost as much as the sale itself.
Authentication, permissions, the operation and the answer are the very same; whatever is not plain, or is refused, goes
the ordinary way and gets its ordinary answer. Nothing was changed by then: a refusal changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any, Final, NamedTuple

from django.db import DatabaseError

from lotkeeper.accounts.request_log import log_till_sale
from lotkeeper.accounts.tokens import parse_token
from lotkeeper.core.errors import Refusal
from lotkeeper.core.quantity import MAX_ID
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock.api.base import REFERENCE_LIMIT, posted_headers
from lotkeeper.stock.operations import IssueLine, Posting, TillSale, sell_at_till
from lotkeeper.stock.policies import MovementKind
from lotkeeper.web.parsing import parse_json
from lotkeeper.web.rendering import NumberEncoder

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PATH: Final = "/api/v1/inventory/deduct/"
_BODY_LIMIT: Final = 4096
_REASON_LIMIT: Final = 200
_REQUIRED: Final = frozenset({"variation_id", "quantity", "outlet_id", "reference_id"})
_KNOWN: Final = _REQUIRED | {"movement_type", "reason"}
_ENCODER: Final = NumberEncoder(ensure_ascii=False, allow_nan=False)


class _Sale(NamedTuple):
    outlet_id: int
    line: IssueLine
    reference_id: str
    reason: str


def till_lane(application: Application) -> Application:
    """The application with the short way in front of it."""

    def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "POST":
            started = time.perf_counter()
            sold = _sold(environ)
            if sold is not None:
                posting = sold.posting
                body = _answer(posting)
                headers = [
                    ("Content-Type", "application/json"),
                    ("Content-Length", str(len(body))),
                    ("Cache-Control", "no-store"),
                    ("X-Content-Type-Options", "nosniff"),
                    *posted_headers(posting.operation_id, replayed=posting.replayed).items(),
                ]
                start_response("200 OK", headers)
                log_till_sale(
                    route=PATH,
                    seconds=time.perf_counter() - started,
                    actor=sold.seller,
                    operation_id=posting.operation_id,
                )
                return [body]
        return application(environ, start_response)

    return serve


def _sold(environ: Environ) -> TillSale | None:
    """Who sold, and the posting; None when the request has to go the ordinary way."""
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    parts = parse_token(token)
    if scheme != "Bearer" or parts is None or not _has_plain_headers(environ):
        return None
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    # Whoever answers in the end finds the body unread.
    environ["wsgi.input"] = BytesIO(body)
    try:
        sale = _plain_sale(parse_json(body))
        if sale is None:
            return None
        with tenant_scope(parts.tenant_id):
            return sell_at_till(
                token=token,
                outlet_id=sale.outlet_id,
                line=sale.line,
                reference_id=sale.reference_id,
                reason=sale.reason,
            )
    except (Refusal, DatabaseError):
        # With its reference the request may safely be tried again, by the ordinary way.
        return None


def _has_plain_headers(environ: Environ) -> bool:
    length = environ.get("CONTENT_LENGTH", "")
    return (
        environ.get("CONTENT_TYPE") == "application/json"
        and "HTTP_IDEMPOTENCY_KEY" not in environ
        and length.isdecimal()
        and int(length) <= _BODY_LIMIT
    )


def _plain_sale(body: Any) -> _Sale | None:
    """The request, if it is one plain sale in the very form that needs no second look; None otherwise."""
    if not isinstance(body, Mapping) or not _REQUIRED <= body.keys() <= _KNOWN:
        return None
    ids = body["variation_id"], body["outlet_id"]
    if any(type(each) is not int or not 0 < each <= MAX_ID for each in ids):
        return None
    reference, reason = body["reference_id"], body.get("reason", "")
    if body.get("movement_type", MovementKind.SALE) != MovementKind.SALE:
        return None
    if not _is_plain(reference, REFERENCE_LIMIT) or (reason != "" and not _is_plain(reason, _REASON_LIMIT)):
        return None
    return _Sale(body["outlet_id"], IssueLine(body["variation_id"], body["quantity"]), reference, reason)


def _is_plain(text: Any, limit: int) -> bool:
    """Text that the ordinary way would take as it stands: no blanks to trim, nothing unprintable."""
    return isinstance(text, str) and 0 < len(text) <= limit and text.isprintable() and text == text.strip()


def _answer(posting: Posting) -> bytes:
    deductions = [
        {
            "batch": movement.batch_number,
            "quantity": -movement.quantity,
            "expiry": None if movement.expiry_date is None else movement.expiry_date.isoformat(),
        }
        for movement in posting.movements
    ]
    return _ENCODER.encode({"success": True, "deductions": deductions}).encode()
