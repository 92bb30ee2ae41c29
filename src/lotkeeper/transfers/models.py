"""Goods on their way between outlets."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models

from lotkeeper.core.models import TenantForeignKey, TenantModel
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch, Operation


class TransferStatus(models.TextChoices):
    """How far a transfer has come."""

    IN_TRANSIT = "in_transit", "In transit"
    RECEIVED = "received", "Received"


class Transfer(TenantModel):
    """Stock sent from one outlet to another: out at the source, in transit, in at the destination."""

    in_journal: ClassVar[bool] = True

    source = TenantForeignKey(Outlet, on_delete=models.PROTECT, related_name="transfers_out")
    destination = TenantForeignKey(Outlet, on_delete=models.PROTECT, related_name="transfers_in")
    status = models.CharField(max_length=10, choices=TransferStatus.choices, default=TransferStatus.IN_TRANSIT)
    sent = TenantForeignKey(Operation, on_delete=models.PROTECT, related_name="transfers_sent", db_index=False)
    received = TenantForeignKey(
        Operation, on_delete=models.PROTECT, null=True, related_name="transfers_received", db_index=False
    )
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    #: Said by the operation that hands a transfer over: the same request had been posted before.
    replayed: bool = False

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(source=models.F("destination")), name="transfer_two_outlets"),
        )

    def __str__(self) -> str:
        return f"transfer {self.pk} ({self.status})"


class TransferLine(TenantModel):
    """How much of one batch was sent, and how much of it arrived; the rest is a discrepancy anyone can see."""

    in_journal: ClassVar[bool] = True

    transfer = TenantForeignKey(Transfer, on_delete=models.PROTECT, related_name="lines")
    batch = TenantForeignKey(Batch, on_delete=models.PROTECT, related_name="transfer_lines")
    received_batch = TenantForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    quantity_sent = models.DecimalField(max_digits=14, decimal_places=3)
    quantity_received = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    discrepancy_reason = models.CharField(max_length=200, blank=True)

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "transfer", "batch"], name="transfer_batch_once"),
            models.CheckConstraint(condition=models.Q(quantity_sent__gt=0), name="transfer_positive"),
            models.CheckConstraint(
                condition=models.Q(quantity_received__isnull=True)
                | (models.Q(quantity_received__gte=0) & models.Q(quantity_received__lte=models.F("quantity_sent"))),
                name="transfer_received_within_sent",
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity_sent} of batch {self.batch_id}"

    @property
    def missing(self) -> Decimal:
        """How much of what was sent did not arrive, as far as anybody has confirmed."""
        return Decimal(0) if self.quantity_received is None else self.quantity_sent - self.quantity_received
