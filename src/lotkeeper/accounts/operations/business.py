"""The rules of a business: its name, which batch goes first, how far back one may enter, how far a count may be off."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from lotkeeper.accounts.models import TENANT_NAME_LIMIT, IssuePolicy, Tenant
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.quantity import InvalidNumber, Sign, money_from, quantity_from
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.core.unset import UNSET, Change

#: Last year's books are closed; an import of past years has its own way.
MAX_BACKDATING_DAYS: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessChanges:
    """What to change of a business. A tolerance of None: no difference needs a second person."""

    name: Change[str] = UNSET
    issue_policy: Change[IssuePolicy] = UNSET
    backdating_limit_days: Change[int] = UNSET
    count_tolerance_units: Change[Decimal | None] = UNSET
    count_tolerance_value: Change[Decimal | None] = UNSET


def change_business(*, actor: Actor, changes: BusinessChanges) -> Tenant:
    """Change the rules of the business. They hold from now on; a count that is open keeps the tolerance it began with.

    Raises:
        PermissionRefused: unless the actor manages the business.
        InvalidRequest: naming each value that cannot be kept.
    """
    actor.require(Permission.MANAGE_BUSINESS)
    told = {field.name: value for field in fields(changes) if (value := getattr(changes, field.name)) is not UNSET}
    _check(told)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        business = Tenant.objects.select_for_update(no_key=True).get(pk=actor.tenant_id)
        for name, value in told.items():
            setattr(business, name, value.strip() if name == "name" else value)
        business.save(update_fields=list(told))
    return business


def _check(told: dict[str, Any]) -> None:
    errors: dict[str, list[str]] = {}
    name = told.get("name", "-")
    if not name.strip() or len(name) > TENANT_NAME_LIMIT:
        errors["name"] = [f"Must be a name of at most {TENANT_NAME_LIMIT} characters."]
    if not 0 <= told.get("backdating_limit_days", 0) <= MAX_BACKDATING_DAYS:
        errors["backdating_limit_days"] = [f"Must be between 0 and {MAX_BACKDATING_DAYS} days."]
    try:
        if (units := told.get("count_tolerance_units")) is not None:
            quantity_from(units, sign=Sign.NOT_NEGATIVE)
    except InvalidNumber as error:
        errors["count_tolerance_units"] = [str(error)]
    try:
        if (value := told.get("count_tolerance_value")) is not None:
            money_from(value)
    except InvalidNumber as error:
        errors["count_tolerance_value"] = [str(error)]
    if errors:
        raise InvalidRequest(errors)
