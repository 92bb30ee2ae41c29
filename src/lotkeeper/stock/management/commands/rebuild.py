"""``lotkeeper rebuild``: shows where batches differ from the ledger, and with ``--apply`` puts them right."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lotkeeper.accounts.models import Tenant
from lotkeeper.stock.rebuilding import LedgerDamaged, batch_differences, rebuild_batches


class Command(BaseCommand):
    """Runs as the owner of the tables; selling may go on meanwhile."""

    help = "Show where batches do not say what the ledger says. With --apply, write what the ledger says."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which business, and whether to write."""
        parser.add_argument("--tenant", type=int, metavar="ID", help="this business only")
        parser.add_argument("--apply", action="store_true", help="write; without it, nothing is changed")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show each difference, and write what the ledger says when asked to."""
        tenants = list(Tenant.objects.order_by("pk").filter(**({"pk": options["tenant"]} if options["tenant"] else {})))
        if options["tenant"] and not tenants:
            message = f"There is no business {options['tenant']}."
            raise CommandError(message)
        found = 0
        for tenant in tenants:
            try:
                differences = rebuild_batches(tenant.pk) if options["apply"] else batch_differences(tenant.pk)
            except LedgerDamaged as damaged:
                raise CommandError(str(damaged)) from damaged
            found += len(differences)
            if differences:
                self.stdout.write(f"{tenant.name} (business {tenant.pk})")
            for each in differences:
                self.stdout.write(
                    f"  batch {each.batch_id}: {each.field} {_shown(each.stored)} -> {_shown(each.recomputed)}"
                )
        if not found:
            self.stdout.write("Every batch says what the ledger says.")
        elif options["apply"]:
            self.stdout.write(self.style.SUCCESS(f"{found} values were written. `lotkeeper check` looks once more."))
        else:
            self.stdout.write(f"{found} values differ; nothing was changed. --apply writes what the ledger says.")


def _shown(value: str | None) -> str:
    return "none" if value is None else value
