"""``lotkeeper doctor``: what is wrong with an old stock database, and bringing the stock over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from lotkeeper.accounts.models import Tenant
from lotkeeper.accounts.operations.tenants import TenantDetails
from lotkeeper.accounts.policies import Channel
from lotkeeper.accounts.queries import actor_called, business_called
from lotkeeper.core.errors import InvalidRequest, Refusal
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.legacy import rendering
from lotkeeper.legacy.operations import BroughtOver, bring_over_stock, open_with_old_stock
from lotkeeper.legacy.policies.faults import Diagnosis, find_faults
from lotkeeper.legacy.policies.findings import earliest_day, shown
from lotkeeper.legacy.policies.opening import OpeningPlan, Trust, plan_opening
from lotkeeper.legacy.policies.rows import OldStock, OldTenant
from lotkeeper.legacy.queries import open_source, picture_names, read_old_stock

_FAULTS_FOUND = 1
_REFUSED = 2


class Command(BaseCommand):
    """Exits with 1 when a fault was found, and with 2 when the old stock cannot be read or brought over."""

    help = (
        "Look for what is wrong with the stock of the old system, in PostgreSQL, a SQLite file or a folder of CSV"
        " files. It only reads. --migrate shows what would be brought over into Lotkeeper; --migrate --yes does it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the old stock is, how to tell of it, and what to bring over."""
        parser.add_argument("source", help="postgresql://…, a SQLite file, or a folder with one or with CSV files")
        parser.add_argument("--media", type=Path, help="the old system's folder of uploads, to look for its pictures")
        parser.add_argument("--json", action="store_true", help="print the faults for a program to read")
        parser.add_argument("--html", type=Path, metavar="FILE", help="write the faults as a page into this file")
        parser.add_argument("--migrate", action="store_true", help="show what would be brought over")
        parser.add_argument("--yes", action="store_true", help="with --migrate: write it")
        parser.add_argument(
            "--trust",
            choices=[trust.value for trust in Trust],
            default=Trust.BATCHES.value,
            help="which of the old figures to believe",
        )
        parser.add_argument("--old-tenant", help="which business of the old system; not needed if there is one")
        parser.add_argument("--old-outlet", help="where stock lies that is in no batch; not needed if there is one")
        into = parser.add_mutually_exclusive_group()
        into.add_argument(
            "--tenant", help="the business to bring it into, by name or number; not needed if there is one"
        )
        into.add_argument("--new-tenant", metavar="NAME", help="the same, opened if there is none of this name")
        parser.add_argument("--email", help="in whose name it is recorded; the new business's owner")
        parser.add_argument("--currency", help="of a new business, such as EUR")
        parser.add_argument("--timezone", help="of a new business, such as Europe/Berlin")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the old stock, tell what is wrong, and bring it over when asked."""
        if not options["migrate"] and options["yes"]:
            message = "--yes belongs to --migrate."
            raise CommandError(message, returncode=_REFUSED)
        today = earliest_day(timezone.now())
        try:
            with open_source(options["source"]) as source:
                name, old = source.name, read_old_stock(source)
            pictures = None if options["media"] is None else picture_names(options["media"])
            diagnosis = find_faults(old, today=today, pictures=pictures)
            if options["html"] is not None:
                _write_page(options["html"], rendering.as_page(name, today, old, diagnosis))
            if options["migrate"]:
                self._migrate(old, diagnosis, options)
                return
        except Refusal as refusal:
            raise CommandError(refusal.in_full, returncode=_REFUSED) from refusal
        if options["json"]:
            self.stdout.write(rendering.as_json(name, today, diagnosis))
        else:
            self.stdout.writelines(f"{line}\n" for line in rendering.in_lines(old, diagnosis))
        if diagnosis.faults:
            raise CommandError(rendering.verdict(diagnosis), returncode=_FAULTS_FOUND)

    def _migrate(self, old: OldStock, diagnosis: Diagnosis, options: dict[str, Any]) -> None:
        tenant = _one_of(list(old.tenants.values()), options["old_tenant"], "business", "--old-tenant")
        trust = Trust(options["trust"])
        if trust is Trust.PRODUCT_STOCK and not old.keeps_product_stock:
            message = "The old products keep no stock of their own; only --trust batches is possible."
            raise InvalidRequest({"trust": [message]}, message)
        outlet_id = None
        if options["old_outlet"] is not None:
            own = [outlet for outlet in old.outlets.values() if outlet.tenant_id == tenant.id]
            outlet_id = _one_of(own, options["old_outlet"], "outlet", "--old-outlet").id
        plan = plan_opening(old, tenant_id=tenant.id, trust=trust, diagnosis=diagnosis, outlet_id=outlet_id)
        self._show(tenant, plan, trust)
        if not options["yes"]:
            self.stdout.write("Nothing was written. Run it again with --yes to write it.")
            return
        business, done = _bring(plan, options)
        self.stdout.write(
            f"Brought into {business}: {done.variations} variations and {done.posted} batches;"
            f" {done.replayed} batches were there before. The ledger holds {shown(done.units)} units of opening stock."
        )

    def _show(self, tenant: OldTenant, plan: OpeningPlan, trust: Trust) -> None:
        variations = sum(len(product.variations) for product in plan.products)
        self.stdout.write(
            f"To bring over of {tenant.name}: {len(plan.outlets)} outlets, {len(plan.products)} products with"
            f" {variations} variations, {len(plan.batches)} batches."
        )
        self.stdout.write(f"By {trust} there are {shown(plan.trusted_total)} units; {shown(plan.total)} come over.")
        for each in plan.left_out:
            self.stdout.write(f"  Left out, {shown(each.quantity)} units: {each.what} {each.why}.")


def _one_of(rows: list[Any], named: str | None, what: str, option: str) -> Any:
    """The row of this name or number; the only one, if nobody says which.

    Raises:
        InvalidRequest: if there is none, or more than one.
    """
    found = rows if named is None else [row for row in rows if named in {str(row.id), row.name}]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{row.id} {row.name}" for row in rows) or "none"
    message = f"Say which {what} of the old system with {option}. There are: {names}."
    raise InvalidRequest({option: [message]}, message)


def _bring(plan: OpeningPlan, options: dict[str, Any]) -> tuple[str, BroughtOver]:
    """Into a business that is there, or one that is opened for it; gives its name too.

    Raises:
        InvalidRequest: if there is no such business, or not all is said that a new one needs.
        What bringing it over refuses.
    """
    name = options["new_tenant"]
    if name is not None and not Tenant.objects.filter(name=name).exists():
        return name, open_with_old_stock(details=_details(name, options), plan=plan)
    business = business_called(options["tenant"]) if name is None else _named(name)
    with tenant_scope(business.pk):
        actor = actor_called(business, options["email"], Channel.IMPORT)
        return business.name, bring_over_stock(actor=actor, plan=plan)


def _details(name: str, options: dict[str, Any]) -> TenantDetails:
    if not (options["currency"] and options["timezone"] and options["email"]):
        message = f"There is no business {name} yet; to open it say --currency, --timezone and --email."
        raise InvalidRequest({"new_tenant": [message]}, message)
    # Nobody logs in yet: `lotkeeper changepassword` gives the owner a password, as the how-to page tells.
    return TenantDetails(
        name=name,
        currency=options["currency"],
        timezone=options["timezone"],
        owner_email=options["email"],
        owner_password=None,
    )


def _named(name: str) -> Tenant:
    found = list(Tenant.objects.filter(name=name)[:2])
    if len(found) > 1:
        message = f"There is more than one business {name}; say which by its number, with --tenant."
        raise InvalidRequest({"new_tenant": [message]}, message)
    return found[0]


def _write_page(file: Path, page: str) -> None:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise CommandError(message, returncode=_REFUSED) from error
