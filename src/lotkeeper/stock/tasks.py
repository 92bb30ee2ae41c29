"""What the worker does for stock by itself."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from lotkeeper.accounts.models import Tenant
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock.journal import JournalContradicted, JournalDamaged, export_journal, journal_place
from lotkeeper.stock.operations import lapse_reservations


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="lapse_every_reservation", name="lapse_every_reservation")
def lapse_every_reservation(timestamp: int) -> None:
    """Every five minutes: mark the promises that lapsed, business by business."""
    for tenant_id in Tenant.objects.order_by("id").values_list("id", flat=True):
        with tenant_scope(tenant_id):
            lapse_reservations()


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="export_every_journal", name="export_every_journal")
def export_every_journal(timestamp: int) -> None:
    """Every hour: add to each business's journal what it committed since.

    Raises:
        ExceptionGroup: of the businesses whose journal could not be added to; the others' were.
    """
    refused: list[Exception] = []
    for tenant_id in Tenant.objects.order_by("id").values_list("id", flat=True):
        try:
            export_journal(tenant_id, place=journal_place(), now=timezone.now())
        except (JournalContradicted, JournalDamaged) as reason:
            refused.append(reason)
    if refused:
        raise ExceptionGroup("journals that were not added to", refused)
