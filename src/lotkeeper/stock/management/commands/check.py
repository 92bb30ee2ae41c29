"""``lotkeeper check``: Django's own checks of the settings, then those of the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import check
from django.core.serializers.json import DjangoJSONEncoder
from django.db import ProgrammingError

from lotkeeper.accounts.models import Tenant
from lotkeeper.stock.checks import CheckResult, check_names, run_checks
from lotkeeper.stock.journal import CHECK_NAME, check_journal, journal_place

_NOBODY = Tenant(pk=0, name="No business yet")


class Command(check.Command):
    """Exits with 1 when a promise does not hold, so that a schedule or a script notices."""

    help = "Check the settings, and that the ledger of every business keeps its promises. Changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which businesses, which checks, and in which form."""
        super().add_arguments(parser)
        parser.add_argument("--tenant", type=int, action="append", metavar="ID", help="this business only (repeatable)")
        parser.add_argument("--only", action="append", metavar="NAME", help="this check only (repeatable)")
        parser.add_argument("--json", action="store_true", help="print the results for a program to read")

    def handle(self, *app_labels: Any, **options: Any) -> None:
        """Check the settings; unless asked about a part of those only, check the ledger too."""
        printed = self.stdout
        if options["json"]:
            self.stdout = self.stderr
        super().handle(*app_labels, **options)
        self.stdout = printed
        if app_labels or options["tags"] or options["list_tags"]:
            return
        names = [*check_names(), CHECK_NAME]
        unknown = set(options["only"] or ()) - set(names)
        if unknown:
            message = f"No check is called {', '.join(sorted(unknown))}. There are: {', '.join(names)}."
            raise CommandError(message)
        failed = 0
        told: list[dict[str, Any]] = []
        businesses = _businesses(options["tenant"])
        for tenant in businesses or [_NOBODY]:
            # The guards stand or fall for all; without a business there is nothing else to look at.
            results = _results(tenant.pk, options["only"] or names) if businesses else run_checks(0, ["guards"])
            failed += sum(not result.ok for result in results)
            if options["json"]:
                told += [{"tenant_id": tenant.pk, "ok": result.ok, **asdict(result)} for result in results]
            else:
                self.stdout.writelines(f"{line}\n" for line in self._table(tenant, results))
        if options["json"]:
            self.stdout.write(json.dumps(told, cls=DjangoJSONEncoder, indent=1))
        if failed:
            message = f"{failed} {'check' if failed == 1 else 'checks'} failed. Nothing was changed."
            raise CommandError(message)

    def _table(self, tenant: Tenant, results: Sequence[CheckResult]) -> Iterator[str]:
        yield f"{tenant.name} (business {tenant.pk})"
        for result in results:
            verdict = self.style.SUCCESS("ok    ") if result.ok else self.style.ERROR("FAILED")
            rate = f"{result.examined / result.seconds:>12,.0f} rows/s" if result.examined else ""
            yield f"  {result.name:<18} {verdict} {result.examined:>12,} rows {result.seconds:>9.3f} s {rate}".rstrip()
            if not result.ok:
                yield f"    {result.promise}"
                yield from (f"    - {_told(row)}" for row in result.offending)
                if result.found > len(result.offending):
                    yield f"    ... {result.found:,} in all"
        yield ""


def _results(tenant_id: int, names: Sequence[str]) -> list[CheckResult]:
    results = run_checks(tenant_id, [name for name in names if name != CHECK_NAME])
    outside = check_journal(tenant_id, journal_place()) if CHECK_NAME in names else None
    return results if outside is None else [*results, outside]


def _businesses(ids: Sequence[int] | None) -> Sequence[Tenant]:
    try:
        found = list(Tenant.objects.filter(pk__in=ids) if ids else Tenant.objects.all().order_by("pk"))
    except ProgrammingError as error:
        message = f"The database is not set up yet ({str(error).splitlines()[0]}); run `lotkeeper migrate`."
        raise CommandError(message) from error
    if missing := sorted(set(ids or ()) - {tenant.pk for tenant in found}):
        message = f"There is no business {missing[0]}."
        raise CommandError(message)
    return found


def _told(row: Any) -> str:
    return ", ".join(f"{name} {value}" for name, value in row.items() if value is not None)
