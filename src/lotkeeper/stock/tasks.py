"""What the worker does for stock by itself."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from lotkeeper.accounts.models import Tenant
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.stock.checks import check_and_remember
from lotkeeper.stock.journal import export_journals, journal_place
from lotkeeper.stock.operations import lapse_reservations


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="lapse_every_reservation", name="lapse_every_reservation")
def lapse_every_reservation(timestamp: int) -> None:
    """Every five minutes: mark the promises that lapsed, business by business."""
    for tenant_id in Tenant.objects.order_by("id").values_list("id", flat=True):
        with tenant_scope(tenant_id):
            lapse_reservations()


@app.periodic(cron="15 3 * * *")
@app.task(queueing_lock="check_every_ledger", name="check_every_ledger")
def check_every_ledger(timestamp: int) -> None:
    """Every night: check each business's ledger, so that the overview can tell."""
    for tenant_id in Tenant.objects.order_by("id").values_list("id", flat=True):
        check_and_remember(tenant_id, now=timezone.now())


@app.task(name="check_ledger")
def check_ledger(tenant_id: int) -> None:
    """Check one business's ledger, because somebody asked."""
    check_and_remember(tenant_id, now=timezone.now())


@app.periodic(cron="11 * * * *")
@app.task(queueing_lock="export_every_journal", name="export_every_journal")
def export_every_journal(timestamp: int) -> None:
    """Every hour: add to each business's journal what it committed since."""
    tenant_ids = Tenant.objects.order_by("id").values_list("id", flat=True)
    for _ in export_journals(tenant_ids, place=journal_place(), now=timezone.now()):
        pass
