"""``lotkeeper journal``: the ledger once more, outside the database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from lotkeeper.accounts.models import Tenant
from lotkeeper.stock.journal import (
    JournalPlace,
    JournalRefused,
    export_journals,
    journal_place,
    restore_journal,
    verify_tenant,
)
from lotkeeper.stock.verifier import told


class Command(BaseCommand):
    """Exits with 1 when a journal does not hold, so that a schedule or a script notices."""

    help = "Export the ledger to the journal, verify it, or restore a business from it."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do, and with which business."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        export = verbs.add_parser("export", help="add what is new, and a signed checkpoint")
        verify = verbs.add_parser("verify", help="verify the journal by itself and against the database")
        restore = verbs.add_parser("restore", help="write businesses from their journals into an empty database")
        key = verbs.add_parser("key", help="print the public key that checkpoints are verified with")
        restore.add_argument("folder", type=Path, help="the folder of the journals")
        restore.add_argument("--public-key", type=Path, metavar="FILE", help="the key they must be signed with")
        for verb in (export, verify, restore):
            verb.add_argument("--tenant", type=int, metavar="ID", help="this business only")
        key.set_defaults(tenant=None)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        try:
            getattr(self, f"_{options['verb']}")(**options)
        except JournalRefused as refused:
            raise CommandError(str(refused)) from refused

    def _export(self, tenant: int | None, **_: Any) -> None:
        place = journal_place()
        there = Tenant.objects.order_by("pk").values_list("pk", flat=True)
        for done in export_journals(_chosen(tenant, there), place=place, now=timezone.now()):
            self.stdout.write(
                f"Business {done.tenant_id}: {done.operations} operations, {done.lines} lines and {done.counts} counts "
                f"added to {place.journal(done.tenant_id)}, checkpoint {done.checkpoint}."
            )

    def _verify(self, tenant: int | None, **_: Any) -> None:
        place = journal_place()
        failed = False
        for tenant_id in _chosen(tenant, place.tenants()):
            report = verify_tenant(tenant_id, place)
            failed |= not report.ok
            self.stdout.writelines(f"Business {tenant_id}: {sentence}\n" for sentence in told(report))
        if failed:
            raise CommandError("Journal and database do not agree. Nothing was changed.")

    def _restore(self, tenant: int | None, folder: Path, public_key: Path | None, **_: Any) -> None:
        place: JournalPlace = replace(journal_place(), folder=folder)
        key = public_key.read_bytes() if public_key else None
        for tenant_id in _chosen(tenant, place.tenants()):
            report = restore_journal(tenant_id, place=place, public_key=key)
            self.stdout.writelines(f"Business {tenant_id}: {sentence}\n" for sentence in told(report))

    def _key(self, **_: Any) -> None:
        self.stdout.write(journal_place().public_key().decode().strip())


def _chosen(asked: int | None, there: Collection[int]) -> Collection[int]:
    if asked is not None and asked not in there:
        message = f"There is no business {asked}."
        raise CommandError(message)
    return there if asked is None else [asked]
