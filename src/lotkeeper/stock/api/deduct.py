"""Selling over HTTP: the call of every till."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.policies import Actor
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.quantity import money_text
from lotkeeper.stock.api.base import POSTING_PARAMETERS, posted_headers, reading, reference_of
from lotkeeper.stock.api.deduct_serializers import (
    EITHER_FORM,
    EXAMPLES,
    DeductedSerializer,
    DeductLinesSerializer,
    DeductOneSerializer,
)
from lotkeeper.stock.api.lines import (
    asked_numbers,
    in_base_units,
    refusing_as_asked,
    refusing_one_line,
)
from lotkeeper.stock.operations import (
    BatchQuantity,
    IssueLine,
    Posting,
    adjust_stock,
    deduct_stock,
    return_stock,
    write_off_stock,
)
from lotkeeper.stock.policies import ISSUE_KINDS, MovementKind
from lotkeeper.stock.queries import LineAsked, PreviewedPick, preview_deduction, require_batches_of
from lotkeeper.web.api import checked


@method_decorator(transaction.non_atomic_requests, name="dispatch")
class DeductView(APIView):
    """Stock leaves: one variation in the plain form, several with ``lines``. The operation is its own transaction."""

    http_method_names = ("post",)

    @extend_schema(
        operation_id="inventory_deduct",
        request=EITHER_FORM,
        responses={200: DeductedSerializer},
        parameters=POSTING_PARAMETERS,
        examples=EXAMPLES,
    )
    def post(self, request: Request) -> Response:
        """Take stock out, the batch that expires first going first: every line, or none (409 `insufficient_stock`)."""
        actor = actor_of(request)
        if isinstance(request.data, Mapping) and "lines" in request.data:
            if "variation_id" in request.data:
                raise InvalidRequest({"lines": ["Send either lines, or one variation_id and its quantity."]})
            body = checked(DeductLinesSerializer(data=request.data))
            return _lines_answer(_deduct(actor, request, body, body["lines"]))
        body = checked(DeductOneSerializer(data=request.data))
        with refusing_one_line():
            return _one_answer(_deduct(actor, request, body, [body]))


def _deduct(actor: Actor, request: Request, body: Mapping[str, Any], asked: Sequence[Mapping[str, Any]]) -> _Taken:
    kind = MovementKind(body["movement_type"])
    lines = in_base_units(asked)
    if kind not in ISSUE_KINDS:
        return _deduct_from_named(actor, request, body, lines, kind)
    with refusing_as_asked(lines):
        if body["dry_run"]:
            with reading():
                wanted = [LineAsked(line["variation_id"], line["quantity"], line["batch_id"]) for line in lines]
                picks = preview_deduction(actor=actor, outlet_id=body["outlet_id"], lines=wanted)
            return _Taken([_previewed(pick, asked_numbers(lines)) for pick in picks])
        posting = deduct_stock(
            actor=actor,
            outlet_id=body["outlet_id"],
            lines=[IssueLine(line["variation_id"], line["quantity"], line["batch_id"]) for line in lines],
            movement_type=kind,
            reference_id=reference_of(request, body),
            reason=body["reason"],
            note=body["note"],
            occurred_at=body["occurred_at"],
        )
    return _taken(posting, asked_numbers(lines))


def _deduct_from_named(
    actor: Actor, request: Request, body: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], kind: MovementKind
) -> _Taken:
    if body["dry_run"]:
        raise InvalidRequest({"dry_run": [f"Only {' and '.join(sorted(ISSUE_KINDS))} can be tried out."]})
    unnamed = {
        f"lines.{position}.batch_id": [f"Name the batch: {kind} is about one batch, not about the next to expire."]
        for position, line in enumerate(lines)
        if line["batch_id"] is None
    }
    if unnamed:
        raise InvalidRequest(unnamed)
    held: dict[int, set[int]] = {}
    for line in lines:
        held.setdefault(line["batch_id"], set()).add(line["variation_id"])
    with reading():
        require_batches_of(body["outlet_id"], held)
    told = {
        "actor": actor,
        "reference_id": reference_of(request, body),
        "reason": body["reason"],
        "note": body["note"],
        "occurred_at": body["occurred_at"],
    }
    out = [BatchQuantity(line["batch_id"], line["quantity"]) for line in lines]
    if kind is MovementKind.ADJUSTMENT:
        posting = adjust_stock(lines=[BatchQuantity(line.batch_id, -line.quantity) for line in out], **told)
    elif kind is MovementKind.SUPPLIER_RETURN:
        posting = return_stock(lines=out, movement_type=kind, **told)
    else:
        posting = write_off_stock(lines=out, movement_type=kind, **told)
    return _taken(posting, range(1, len(lines) + 1))


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a request took, or would take when no operation was posted, batch by batch."""

    deductions: Sequence[Mapping[str, Any]]
    posting: Posting | None = None


def _taken(posting: Posting, numbers: Sequence[int]) -> _Taken:
    return _Taken(
        [
            {
                "line": numbers[movement.line - 1],
                "variation_id": movement.variation_id,
                "batch_id": movement.batch_id,
                "batch": movement.batch_number,
                "quantity": -movement.quantity,
                "expiry": movement.expiry_date,
                "unit_cost": _money(movement.unit_cost),
                "override": movement.override,
            }
            for movement in posting.movements
        ],
        posting,
    )


def _previewed(pick: PreviewedPick, numbers: Sequence[int]) -> Mapping[str, Any]:
    return {
        "line": numbers[pick.line - 1],
        "variation_id": pick.batch.variation_id,
        "batch_id": pick.batch.pk,
        "batch": pick.batch.batch_number,
        "quantity": pick.quantity,
        "expiry": pick.batch.expiry_date,
        "unit_cost": _money(pick.batch.unit_cost),
        "override": pick.override,
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else money_text(amount)


def _one_answer(taken: _Taken) -> Response:
    deductions = [{name: each[name] for name in ("batch", "quantity", "expiry")} for each in taken.deductions]
    return _answer(taken, {"success": True, "deductions": deductions})


def _lines_answer(taken: _Taken) -> Response:
    posting = taken.posting
    told = {
        "success": True,
        "operation_id": None if posting is None else posting.operation_id,
        "replayed": posting is not None and posting.replayed,
        "deductions": taken.deductions,
    }
    return _answer(taken, told)


def _answer(taken: _Taken, told: dict[str, Any]) -> Response:
    if taken.posting is None:
        return Response({**told, "dry_run": True})
    headers = posted_headers(taken.posting.operation_id, replayed=taken.posting.replayed)
    return Response(told, headers=headers)
