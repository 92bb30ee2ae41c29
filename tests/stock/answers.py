"""What the tests of the API say again and again."""

from __future__ import annotations

import json
from typing import Any

from django.db import connection, transaction

from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock.models import Batch, Operation, Reservation, StockItem, StockMovement
from lotkeeper.stocktakes.models import (
    StockTake,
    StockTakeAssignee,
    StockTakeItem,
    StockTakeListing,
    StockTakeObservation,
)
from lotkeeper.transfers.models import Transfer, TransferLine

INVENTORY = "/api/v1/inventory/"
_MODELS = (
    *(Operation, StockItem, Batch, StockMovement, Reservation, Transfer, TransferLine),
    *(StockTake, StockTakeListing, StockTakeAssignee, StockTakeItem, StockTakeObservation),
)


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, which must be this one."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert body["code"] == code
    assert body["status"] == status
    return body


def done(answer: Any, status: int = 201) -> dict[str, Any]:
    """The body of an answer to something that went well."""
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = json.loads(answer.content)
    return body


def stock_state(tenant_id: int) -> list[Any]:
    """Everything that a request about stock could change, to see that a refused one changed nothing."""
    with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
        found: list[Any] = []
        for model in _MODELS:
            table = model._meta.db_table
            of_tenant = f'SELECT to_jsonb(r) FROM "{table}" r WHERE r.tenant_id = %s ORDER BY to_jsonb(r)::text'
            cursor.execute(of_tenant, [tenant_id])
            found.append([row for (row,) in cursor.fetchall()])
        return found
