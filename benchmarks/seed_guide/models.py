"""The tables of the guide that Lotkeeper began from, as it sketched them."""

from django.db import models


class Batch(models.Model):
    tenant_id = models.BigIntegerField(db_index=True)
    outlet_id = models.BigIntegerField()
    variation_id = models.BigIntegerField()
    batch_number = models.CharField(max_length=100)
    expiry_date = models.DateField(db_index=True)
    quantity = models.IntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (
            models.Index(fields=["variation_id", "outlet_id"]),
            models.Index(fields=["variation_id", "outlet_id", "expiry_date"]),
        )


class StockMovement(models.Model):
    tenant_id = models.BigIntegerField(db_index=True)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE)
    variation_id = models.BigIntegerField()
    outlet_id = models.BigIntegerField(db_index=True)
    movement_type = models.CharField(max_length=20, db_index=True)
    quantity = models.PositiveIntegerField()
    reason = models.TextField(blank=True)
    user_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
