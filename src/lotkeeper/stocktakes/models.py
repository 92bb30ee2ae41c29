"""Stock takes: what was to be counted, what was seen on the shelves by whom, and what came of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from lotkeeper.accounts.models import ApiToken, User
from lotkeeper.catalog.models import Category, ItemVariation, Supplier
from lotkeeper.core.models import TenantForeignKey, TenantModel
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.models import Batch, Operation

NOTES_LIMIT = 2000
REASON_LIMIT = 200
PLACE_LIMIT = 60


class StockTakeStatus(models.TextChoices):
    """How far a stock take has come. Forward only."""

    DRAFT = "draft", "Being counted"
    COMPLETED = "completed", "Counted"
    RECONCILED = "reconciled", "Posted"
    CANCELLED = "cancelled", "Cancelled"


class CountScope(models.TextChoices):
    """What is to be counted at the outlet."""

    OUTLET = "outlet", "Everything"
    CATEGORY = "category", "A category and all below it"
    SUPPLIER = "supplier", "What one supplier delivers"
    LIST = "list", "The variations named"


class StockTake(TenantModel):
    """A physical count at an outlet, while it goes on selling."""

    outlet = TenantForeignKey(Outlet, on_delete=models.PROTECT, related_name="stock_takes", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    date = models.DateField(help_text="The day it was opened, at the outlet.")
    status = models.CharField(max_length=10, choices=StockTakeStatus.choices, default=StockTakeStatus.DRAFT)
    notes = models.TextField(blank=True)
    scope = models.CharField(max_length=10, choices=CountScope.choices)
    category = TenantForeignKey(Category, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    supplier = TenantForeignKey(Supplier, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # Counters do not see what the book says.
    blind = models.BooleanField(default=False)
    # What is in scope and was not found anywhere is not there.
    uncounted_is_zero = models.BooleanField(default=False)
    # Beyond these a difference needs a second person's word; the business's own when it was opened.
    tolerance_units = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    tolerance_value = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    reference_id = models.CharField(max_length=200, null=True)  # noqa: DJ001  # any number may go without one
    fingerprint = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)
    completed_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)
    reconciled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # What was posted; none while nothing is.
    operation = TenantForeignKey(
        Operation, on_delete=models.PROTECT, null=True, related_name="stock_takes", db_index=False
    )

    #: Said by the operation that hands a stock take over: the same request had been carried out before.
    replayed: bool = False

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "reference_id"], name="stocktake_reference"),
            models.CheckConstraint(
                condition=models.Q(status=StockTakeStatus.RECONCILED, operation__isnull=False)
                | (~models.Q(status=StockTakeStatus.RECONCILED) & models.Q(operation__isnull=True)),
                name="stocktake_reconciled_is_posted",
            ),
        )
        indexes = (models.Index(fields=["tenant", "outlet", "status"], name="stocktake_outlet_status"),)

    def __str__(self) -> str:
        return f"stock take {self.pk} ({self.status})"


class StockTakeListing(TenantModel):
    """One variation that a stock take of the scope ``list`` is about."""

    stock_take = TenantForeignKey(StockTake, on_delete=models.PROTECT, related_name="listings", db_index=False)
    variation = TenantForeignKey(ItemVariation, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "stock_take", "variation"], name="stocktakelisting_once"),
        )

    def __str__(self) -> str:
        return f"variation {self.variation_id}"


class StockTakeAssignee(TenantModel):
    """Somebody who is to count. Without any, whoever may count at the outlet does."""

    stock_take = TenantForeignKey(StockTake, on_delete=models.PROTECT, related_name="assignees", db_index=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "stock_take", "user"], name="stocktake_assignee_once"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} counts"


class StockTakeItem(TenantModel):
    """One batch of a stock take: what was counted of it, and, once posted, what the book said at that moment.

    A batch that the book did not know has no ``batch`` but what is written on it, until it is posted.
    """

    stock_take = TenantForeignKey(StockTake, on_delete=models.PROTECT, related_name="items", db_index=False)
    batch = TenantForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="stock_take_items")
    variation = TenantForeignKey(ItemVariation, on_delete=models.PROTECT, related_name="+", db_index=False)
    found_number = models.CharField(max_length=100, blank=True)
    found_expiry_date = models.DateField(null=True)
    found_unit_cost = models.DecimalField(max_digits=14, decimal_places=4, null=True)

    # A recount begins a new round; only what was seen in the item's round counts.
    round = models.PositiveSmallIntegerField(default=1)
    awaiting_recount = models.BooleanField(default=False)
    physical_count = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    counted_at = models.DateTimeField(null=True)

    system_count = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    system_version = models.IntegerField(null=True)
    variance = models.GeneratedField(
        expression=models.F("physical_count") - models.F("system_count"),
        output_field=models.DecimalField(max_digits=14, decimal_places=3),
        db_persist=True,
    )
    # A later count of the batch had been posted: this one was left alone.
    superseded = models.BooleanField(default=False)
    variance_reason = models.CharField(max_length=REASON_LIMIT, blank=True)

    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    approved_at = models.DateTimeField(null=True)
    approved_variance = models.DecimalField(max_digits=14, decimal_places=3, null=True)

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "stock_take", "batch"],
                condition=models.Q(batch__isnull=False),
                name="stocktakeitem_batch_once",
            ),
            models.UniqueConstraint(
                fields=["tenant", "stock_take", "variation", "found_number", "found_expiry_date"],
                condition=models.Q(batch__isnull=True),
                nulls_distinct=False,
                name="stocktakeitem_found_once",
            ),
            models.CheckConstraint(condition=models.Q(physical_count__gte=0), name="stocktakeitem_not_negative"),
            models.CheckConstraint(
                condition=models.Q(physical_count__isnull=True, counted_at__isnull=True)
                | models.Q(physical_count__isnull=False, counted_at__isnull=False),
                name="stocktakeitem_counted_at",
            ),
        )
        indexes = (models.Index(fields=["tenant", "stock_take", "variation"], name="stocktakeitem_variation"),)

    def __str__(self) -> str:
        return f"{self.physical_count} of {self.batch_id or self.found_number}"


class StockTakeObservation(TenantModel):
    """What one person saw of one batch at one place at one moment. Kept as it was, whatever replaces it."""

    app_rights: ClassVar[str] = "SELECT, INSERT"

    stock_take = TenantForeignKey(StockTake, on_delete=models.PROTECT, related_name="observations", db_index=False)
    item = TenantForeignKey(StockTakeItem, on_delete=models.PROTECT, related_name="observations", db_index=False)
    # Made by the device, so that an observation that is sent again is not kept twice.
    client_id = models.UUIDField()
    round = models.PositiveSmallIntegerField()
    # Of one place the latest observation holds; several places of one batch add up.
    place = models.CharField(max_length=PLACE_LIMIT, blank=True)
    quantity = models.DecimalField(max_digits=14, decimal_places=3)
    counted_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    token = TenantForeignKey(ApiToken, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # Nobody looked: it was not found anywhere, in a count where that means that there is none.
    assumed = models.BooleanField(default=False)
    # What the book said of that moment when this was recorded, and the last line it had.
    book = models.DecimalField(max_digits=14, decimal_places=3)
    version = models.IntegerField()

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "client_id"], name="observation_client_id"),
            models.CheckConstraint(condition=models.Q(quantity__gte=0), name="observation_not_negative"),
        )
        indexes = (
            models.Index(fields=["tenant", "item", "round", "place", "-counted_at"], name="observation_of_item"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} seen at {self.counted_at}"
