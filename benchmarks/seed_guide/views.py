"""The guide's ``deduct_stock``, body unchanged but for SELECT FOR UPDATE, without which it oversells, behind the same door."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from benchmarks.seed_guide.models import Batch, StockMovement
from lotkeeper.accounts.authentication import actor_of


class InsufficientStockError(Exception):
    pass


def get_fifo_batches(variation_id: int, outlet_id: int):
    today = timezone.now().date()
    return Batch.objects.filter(
        variation_id=variation_id, outlet_id=outlet_id, expiry_date__gte=today, quantity__gt=0
    ).order_by("expiry_date", "created_at")


@transaction.atomic
def deduct_stock(tenant_id, variation_id, quantity, outlet_id, movement_type, reason=""):
    remaining = quantity
    deductions = []
    for batch in get_fifo_batches(variation_id, outlet_id).select_for_update():
        if remaining <= 0:
            break
        amount_to_deduct = min(remaining, batch.quantity)
        batch.quantity -= amount_to_deduct
        batch.save()
        StockMovement.objects.create(
            tenant_id=tenant_id,
            batch=batch,
            variation_id=variation_id,
            outlet_id=outlet_id,
            movement_type=movement_type,
            quantity=amount_to_deduct,
            reason=reason,
            user_id=None,
        )
        deductions.append(
            {"batch": batch.batch_number, "quantity": amount_to_deduct, "expiry": batch.expiry_date}
        )
        remaining -= amount_to_deduct
    if remaining > 0:
        raise InsufficientStockError(f"Needed {quantity}, only {quantity - remaining} available")
    return deductions


class SeedDeductView(APIView):
    def post(self, request: Request) -> Response:
        body = request.data
        deductions = deduct_stock(
            actor_of(request).tenant_id,
            int(body["variation_id"]),
            int(body["quantity"]),
            int(body["outlet_id"]),
            body["movement_type"],
            body["reason"],
        )
        return Response({"success": True, "deductions": deductions})
