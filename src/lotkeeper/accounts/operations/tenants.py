"""A new business: its tenant and its first owner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection, transaction

from lotkeeper.accounts.models import TENANT_NAME_LIMIT, Membership, Tenant, User
from lotkeeper.accounts.operations.people import new_person
from lotkeeper.accounts.policies import Actor, Channel, Role
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.core.timezones import is_timezone

_CURRENCY = re.compile("[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A business just created, and its owner, ready to act."""

    tenant: Tenant
    owner: User
    actor: Actor


@dataclass(frozen=True, slots=True)
class TenantDetails:
    """What a new business is.

    ``currency`` is ISO 4217, such as KES; ``timezone`` an IANA name, such as Africa/Nairobi. An owner without a
    password cannot log in; API tokens made for them still work.
    """

    name: str
    currency: str
    timezone: str
    owner_email: str
    owner_password: str | None
    owner_name: str = ""


def create_tenant(
    *,
    name: str,
    currency: str,
    timezone: str,
    owner_email: str,
    owner_password: str | None,
    owner_name: str = "",
) -> NewTenant:
    """Open the books of a new business, with one person who may do everything.

    Opens its own transaction, in the new tenant: not to be called inside another. The arguments are those of
    ``TenantDetails``.

    Raises:
        InvalidRequest: an unknown currency or time zone, a bad address, a weak password.
        EmailTaken: if somebody logs in with that address.
    """
    details = TenantDetails(
        name=name,
        currency=currency,
        timezone=timezone,
        owner_email=owner_email,
        owner_password=owner_password,
        owner_name=owner_name,
    )
    with new_tenant_transaction() as tenant_id:
        return add_tenant(tenant_id=tenant_id, details=details)


@contextmanager
def new_tenant_transaction() -> Iterator[int]:
    """A transaction in a tenant that is about to be created, whose id it gives.

    The id is known before the transaction begins, since a transaction names its tenant in its first message.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('accounts_tenant', 'id'))")
        tenant_id = int(cursor.fetchone()[0])
    with tenant_scope(tenant_id), transaction.atomic():
        yield tenant_id


def add_tenant(*, tenant_id: int, details: TenantDetails) -> NewTenant:
    """The business and its owner, as part of a ``new_tenant_transaction``.

    Raises:
        InvalidRequest: an unknown currency or time zone, a bad address, a weak password.
        EmailTaken: if somebody logs in with that address.
    """
    _check(name=details.name, currency=details.currency, timezone=details.timezone)
    tenant = Tenant.objects.create(
        pk=tenant_id, name=details.name.strip(), currency=details.currency, timezone=details.timezone
    )
    owner = new_person(
        tenant_id=tenant_id, email=details.owner_email, name=details.owner_name, password=details.owner_password
    )
    Membership.objects.create(user=owner, role=Role.OWNER.value)
    actor = Actor(tenant_id=tenant_id, user_id=owner.pk, channel=Channel.PAGE, roles={None: Role.OWNER})
    return NewTenant(tenant=tenant, owner=owner, actor=actor)


def _check(*, name: str, currency: str, timezone: str) -> None:
    errors: dict[str, list[str]] = {}
    if not name.strip() or len(name) > TENANT_NAME_LIMIT:
        errors["name"] = [f"Must be a name of at most {TENANT_NAME_LIMIT} characters."]
    if _CURRENCY.fullmatch(currency) is None:
        errors["currency"] = ["Must be a currency's three letters, such as EUR."]
    if not is_timezone(timezone):
        errors["timezone"] = ["Must be a time zone such as Europe/Berlin."]
    if errors:
        raise InvalidRequest(errors)
