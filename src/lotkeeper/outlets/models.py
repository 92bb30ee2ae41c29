"""Outlets: the places that hold stock."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from lotkeeper.core.models import TenantModel

OUTLET_NAME_LIMIT = 120


class Outlet(TenantModel):
    """A shop, counter or store room. Its time zone decides what "today" means for expiry."""

    in_journal: ClassVar[bool] = True

    name = models.CharField(max_length=OUTLET_NAME_LIMIT)
    timezone = models.CharField(max_length=63, default="UTC", help_text="IANA name, such as Africa/Nairobi")
    # What was sold under one of these was sold by its date.
    earlier_timezones = ArrayField(models.CharField(max_length=63), default=list, blank=True)
    address = models.TextField(blank=True)
    is_active = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="outlet_name"),
        )

    def __str__(self) -> str:
        return self.name
