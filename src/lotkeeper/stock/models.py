"""The ledger's tables. The application may read them; only the posting functions in the database write them.

The guards, the chain of hashes and the keys that tie lines together stand in ``sql/guards.sql``; what they are for is
told in docs/explanation/ledger.md.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

from django.db import models

from lotkeeper.accounts.models import ApiToken, User
from lotkeeper.accounts.policies import Channel
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.core.models import TenantForeignKey, TenantManager, TenantModel
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.policies import BatchStatus, MovementKind, OperationKind, is_expired, outlet_today


def _choices(kinds: type[MovementKind | OperationKind | BatchStatus | Channel]) -> list[tuple[str, str]]:
    return [(kind.value, kind.value.replace("_", " ")) for kind in kinds]


class Operation(TenantModel):
    """One business event: a sale, a receipt, a correction. Its reference makes a retry safe."""

    app_rights: ClassVar[str] = "SELECT"
    poster_rights: ClassVar[str] = "SELECT, INSERT, DELETE, UPDATE (response, line_count)"

    kind = models.CharField(max_length=20, choices=_choices(OperationKind))
    # NULL and not '': any number of operations may go without one.
    reference_id = models.CharField(max_length=200, null=True)  # noqa: DJ001  # see above
    fingerprint = models.BinaryField(max_length=32)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    token = TenantForeignKey(ApiToken, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    channel = models.CharField(max_length=10, choices=_choices(Channel))
    reason = models.TextField(default="")
    note = models.TextField(default="")
    # The operation that this one reverses, or whose goods come back.
    refers_to = TenantForeignKey("self", on_delete=models.PROTECT, null=True, related_name="referring", db_index=False)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    # The answer that was given, so that a retry gets the same one. The number of lines shows if one went missing.
    response = models.JSONField(null=True)
    line_count = models.IntegerField(null=True)
    # SHA-256 over everything above but the answer; every ledger line repeats it. Written by the database.
    digest = models.BinaryField(max_length=32)

    class Meta(TenantModel.Meta):
        db_table = "stock_operation"
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "reference_id"], name="operation_reference"),
            models.UniqueConstraint(
                fields=["tenant", "refers_to"], condition=models.Q(kind="reversal"), name="operation_reversed_once"
            ),
        )
        indexes = (
            models.Index(
                fields=["tenant", "refers_to"],
                condition=models.Q(refers_to__isnull=False),
                name="operation_refers_to",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.reference_id or self.pk}"


class StockItem(models.Model):
    """A variation at an outlet: the mutex every writer of its stock takes first, and how much of it is promised."""

    app_rights: ClassVar[str] = "SELECT"
    poster_rights: ClassVar[str] = "SELECT, INSERT, UPDATE (reserved)"

    objects: ClassVar[Any] = TenantManager()

    pk = models.CompositePrimaryKey("tenant_id", "outlet_id", "variation_id")
    tenant = models.ForeignKey("accounts.Tenant", on_delete=models.PROTECT, related_name="+", db_index=False)
    outlet = TenantForeignKey(Outlet, on_delete=models.PROTECT, related_name="+", db_index=False)
    variation = TenantForeignKey(ItemVariation, on_delete=models.PROTECT, related_name="+", db_index=False)
    # An upper bound: it may still hold reservations that have lapsed but were not swept yet.
    reserved = models.DecimalField(max_digits=14, decimal_places=3, default=0)

    class Meta:
        db_table = "stock_item"

    def __str__(self) -> str:
        return f"variation {self.variation_id} at outlet {self.outlet_id}"


class Batch(TenantModel):
    """A lot of one variation at one outlet, with its own expiry, cost and balance."""

    app_rights: ClassVar[str] = "SELECT"
    poster_rights: ClassVar[str] = (
        "SELECT, INSERT, UPDATE (quantity, version, head_hash, status, batch_number, expiry_date, unit_cost)"
    )

    outlet = TenantForeignKey(Outlet, on_delete=models.PROTECT, related_name="batches", db_index=False)
    variation = TenantForeignKey(ItemVariation, on_delete=models.PROTECT, related_name="batches", db_index=False)
    batch_number = models.CharField(max_length=100)
    expiry_date = models.DateField(null=True)
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    received_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=_choices(BatchStatus), default=BatchStatus.AVAILABLE.value)
    quantity = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    version = models.IntegerField(default=0)
    genesis_hash = models.BinaryField(max_length=32)
    head_hash = models.BinaryField(max_length=32, null=True)
    # A generated column, because a partial index on the quantity itself would stop HOT updates (0 % against 97 %).
    in_stock = models.GeneratedField(
        expression=models.Q(quantity__gt=0),  # type: ignore[arg-type]  # the stubs forget that Q is one
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta(TenantModel.Meta):
        db_table = "stock_batch"
        verbose_name_plural = "batches"
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "outlet", "variation", "batch_number", "expiry_date", "unit_cost"],
                nulls_distinct=False,
                name="batch_identity",
            ),
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="batch_not_negative"),
        )
        indexes = (
            models.Index(
                fields=["tenant", "outlet", "variation", "expiry_date", "received_at", "id"],
                condition=models.Q(in_stock=True),
                name="batch_fefo",
            ),
            models.Index(fields=["tenant", "variation"], name="batch_variation"),
            models.Index(fields=["tenant", "batch_number"], name="batch_number"),
            models.Index(fields=["tenant", "expiry_date"], condition=models.Q(in_stock=True), name="batch_expiring"),
        )

    def __str__(self) -> str:
        return self.batch_number

    def is_expired(self, today: dt.date | None = None) -> bool:
        """Whether the batch may no longer be sold, by the outlet's own date and the product's margin."""
        day = today if today is not None else outlet_today(self.outlet.timezone)
        return is_expired(self.expiry_date, self.variation.product.sell_by_margin_days, day)

    def sellable_quantity(self, today: dt.date | None = None) -> Decimal:
        """How much of this batch may be sold now: 0 when it is expired, held or recalled."""
        if self.status != BatchStatus.AVAILABLE or self.is_expired(today):
            return Decimal(0)
        return self.quantity


class StockMovement(models.Model):
    """One line of the ledger: signed, numbered without gaps per batch, chained to the line before. Never changed."""

    app_rights: ClassVar[str] = "SELECT"
    poster_rights: ClassVar[str] = "SELECT, INSERT"

    objects: ClassVar[Any] = TenantManager()

    pk = models.CompositePrimaryKey("tenant_id", "batch_id", "version")
    tenant = models.ForeignKey(
        "accounts.Tenant", on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    batch = TenantForeignKey(
        Batch, on_delete=models.PROTECT, related_name="movements", db_index=False, db_constraint=False
    )
    version = models.IntegerField()
    prev_version = models.IntegerField(null=True)
    # These two are the batch's own, repeated for the history of an outlet or a variation; a key ties them to it.
    outlet = TenantForeignKey(Outlet, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    variation = TenantForeignKey(
        ItemVariation, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    operation = TenantForeignKey(
        Operation, on_delete=models.PROTECT, related_name="movements", db_index=False, db_constraint=False
    )
    operation_digest = models.BinaryField(max_length=32)
    line = models.IntegerField()
    movement_type = models.CharField(max_length=20, choices=_choices(MovementKind))
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    balance_before = models.DecimalField(max_digits=14, decimal_places=3)
    balance_after = models.DecimalField(max_digits=14, decimal_places=3)
    unit_cost = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    # What an amendment changed: {"expiry_date": ["2027-01-31", "2027-03-31"]}. Empty on every other line.
    amendment = models.TextField(default="")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    prev_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "stock_movement"

    def __str__(self) -> str:
        return f"{self.movement_type} {self.quantity} of batch {self.batch_id}"


class Count(TenantModel):
    """What was counted of a batch when a stock take was posted, matches included."""

    app_rights: ClassVar[str] = "SELECT"
    poster_rights: ClassVar[str] = "SELECT, INSERT"

    operation = TenantForeignKey(Operation, on_delete=models.PROTECT, related_name="counts", db_index=False)
    batch = TenantForeignKey(Batch, on_delete=models.PROTECT, related_name="counts", db_index=False)
    line = models.IntegerField()
    counted = models.DecimalField(max_digits=14, decimal_places=3)
    # What the book said of that moment, and the last line it had by then.
    book = models.DecimalField(max_digits=14, decimal_places=3)
    version = models.IntegerField()
    counted_at = models.DateTimeField()
    # The last line that posting saw: an entry made later, whatever its date, was not in the book of this count.
    last_version = models.IntegerField()

    class Meta(TenantModel.Meta):
        db_table = "stock_count"
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "operation", "batch"], name="count_batch_once"),
            models.CheckConstraint(condition=models.Q(counted__gte=0), name="count_not_negative"),
        )
        indexes = (models.Index(fields=["tenant", "batch", "-counted_at"], name="count_of_batch"),)

    def __str__(self) -> str:
        return f"{self.counted} of batch {self.batch_id}"


class ReservationStatus(models.TextChoices):
    """What became of a reservation."""

    ACTIVE = "active", "Active"
    COMMITTED = "committed", "Sold"
    RELEASED = "released", "Released"
    LAPSED = "lapsed", "Lapsed"


class Reservation(TenantModel):
    """A promise for a limited time: a basket, an online order. It lapses by itself."""

    app_rights: ClassVar[str] = "SELECT"
    poster_rights: ClassVar[str] = "SELECT, INSERT, UPDATE (status, closed_at)"

    operation = TenantForeignKey(Operation, on_delete=models.PROTECT, related_name="reservations", db_index=False)
    outlet = TenantForeignKey(Outlet, on_delete=models.PROTECT, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=ReservationStatus.choices, default=ReservationStatus.ACTIVE)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "stock_reservation"
        indexes = (
            models.Index(
                fields=["tenant", "expires_at"], condition=models.Q(status="active"), name="reservation_lapsing"
            ),
        )

    def __str__(self) -> str:
        return f"reservation {self.pk} ({self.status})"


class ReservationLine(TenantModel):
    """How much of one variation a reservation promises."""

    app_rights: ClassVar[str] = "SELECT"
    poster_rights: ClassVar[str] = "SELECT, INSERT"

    reservation = TenantForeignKey(Reservation, on_delete=models.PROTECT, related_name="lines", db_index=False)
    variation = TenantForeignKey(ItemVariation, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)

    class Meta(TenantModel.Meta):
        db_table = "stock_reservation_line"
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "reservation", "variation"], name="reservation_variation_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="reservation_positive"),
        )
        indexes = (models.Index(fields=["tenant", "variation"], name="reservation_line_variation"),)

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variation_id}"
