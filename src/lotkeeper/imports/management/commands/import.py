"""``lotkeeper import``: products, opening stock and past sales from CSV or XLSX files."""  # noqa: N999  # the command's name is the word people look for

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from lotkeeper.accounts.policies import Actor, Channel
from lotkeeper.accounts.queries import actor_called, business_called
from lotkeeper.core.errors import Refusal
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.imports.errors import RowsRefused
from lotkeeper.imports.plans import OnlineRetailPlan, OpeningPlan, Options, Plan, ProductsPlan, SalesPlan
from lotkeeper.imports.policies.cells import DateOrder
from lotkeeper.imports.policies.columns import RowError

#: How many rows are named for one thing that is wrong.
_ROWS_SHOWN = 100

_PLANS: Mapping[tuple[str, str | None], Callable[[Actor, Options], Plan]] = {
    ("products", None): ProductsPlan,
    ("opening-stock", None): OpeningPlan,
    ("sales", None): SalesPlan,
    ("sales", "online-retail"): OnlineRetailPlan,
}


class Command(BaseCommand):
    """Who can run this command holds the database, so it acts for the owner unless somebody else is named."""

    help = (
        "Import products, opening stock or past sales from a CSV or XLSX file (also packed with xz or gzip). It shows"
        " what it would do; --apply does it. The same file again changes nothing, so an import that was cut off is"
        " simply run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """What, from which file, and into which business and outlet."""
        parser.add_argument("what", choices=["products", "opening-stock", "sales"])
        parser.add_argument("file", type=Path)
        parser.add_argument("--apply", "--yes", action="store_true", help="write it; without this nothing is written")
        parser.add_argument("--skip-errors", action="store_true", help="leave out the rows that cannot be used")
        parser.add_argument("--tenant", help="the business, by name or number; not needed if there is one")
        parser.add_argument("--email", help="in whose name it is recorded; the owner's by default")
        parser.add_argument("--outlet", help="the outlet of rows that name none; not needed if there is one")
        parser.add_argument("--sheet", help="which sheet of a workbook; the first by default")
        parser.add_argument(
            "--dates", choices=[order.value for order in DateOrder], help="what 03/04/2027 means in this file"
        )
        parser.add_argument(
            "--mapping", choices=["online-retail"], help="read sales as docs/how-to/replay-online-retail.md tells"
        )
        parser.add_argument(
            "--create-products", action="store_true", help="make the products of a mapped file that are missing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Show the plan, and do it when asked."""
        plan_of = _PLANS.get((options["what"], options["mapping"]))
        if plan_of is None:
            message = f"The mapping {options['mapping']} is for sales."
            raise CommandError(message)
        asked = Options(
            path=options["file"],
            sheet=options["sheet"],
            outlet=options["outlet"],
            dates=DateOrder(options["dates"]) if options["dates"] else None,
            create_products=options["create_products"],
        )
        try:
            tenant = business_called(options["tenant"])
            with tenant_scope(tenant.pk):
                plan = plan_of(actor_called(tenant, options["email"], Channel.IMPORT), asked)
                self._show(plan)
                if not options["apply"]:
                    self.stdout.write("Nothing was written. Run it again with --apply to write it.")
                    return
                if plan.errors and not options["skip_errors"]:
                    raise RowsRefused(count=len({error.row for error in plan.errors}))
                self._apply(plan)
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal

    def _show(self, plan: Plan) -> None:
        self.stdout.write("First rows as understood:")
        self._write_table([plan.sample_header, *plan.sample])
        self.stdout.write(f"{plan.row_count} rows read.")
        for note in plan.notes:
            self.stdout.write(note)
        self._write_errors("cannot be used", plan.errors)

    def _apply(self, plan: Plan) -> None:
        started = time.monotonic()
        with tqdm(total=plan.line_count, unit=" lines", file=sys.stderr, disable=None) as bar:
            result = plan.apply(bar.update)
        for sentence in result.sentences:
            self.stdout.write(sentence)
        self._write_errors("were refused", result.refused)
        self.stdout.write(f"Done in {time.monotonic() - started:.1f} s.")

    def _write_table(self, rows: Sequence[Sequence[object]]) -> None:
        texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        for row in texts:
            cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
            self.stdout.write("  " + "  ".join(cells).rstrip())

    def _write_errors(self, verb: str, errors: Sequence[RowError]) -> None:
        """What is wrong, the same things together, each with its rows."""
        if not errors:
            return
        self.stdout.write(f"{len({error.row for error in errors})} rows {verb}:")
        alike: dict[tuple[str, str], list[RowError]] = defaultdict(list)
        for error in errors:
            alike[error.column, error.why].append(error)
        for (column, why), group in sorted(alike.items(), key=lambda item: -len(item[1])):
            shown = ", ".join(
                f"{error.row}" + (f" ({error.text})" if error.text else "") for error in group[:_ROWS_SHOWN]
            )
            more = f" and {len(group) - _ROWS_SHOWN} more" if len(group) > _ROWS_SHOWN else ""
            self.stdout.write(f"  {f'{column} {why}'.strip().rstrip('.')}: row {shown}{more}")
