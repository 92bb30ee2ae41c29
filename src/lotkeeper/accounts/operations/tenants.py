"""A new business: its tenant and its first owner."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from lotkeeper.accounts.models import Membership, Tenant, User
from lotkeeper.accounts.operations.people import new_person
from lotkeeper.accounts.policies import Actor, Channel, Role
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.core.timezones import is_timezone


@dataclass(frozen=True, slots=True)
class NewTenant:
    """A business just created, and its owner, ready to act."""

    tenant: Tenant
    owner: User
    actor: Actor


def create_tenant(
    *,
    name: str,
    currency: str,
    timezone: str,
    owner_email: str,
    owner_password: str | None,
    owner_name: str = "",
    channel: Channel = Channel.PAGE,
) -> NewTenant:
    """Open the books of a new business, with one person who may do everything.

    Opens its own transaction, in the new tenant: not to be called inside another.

    Args:
        name: of the business.
        currency: ISO 4217, such as KES.
        timezone: IANA name, such as Africa/Nairobi.
        owner_email: what the owner logs in with.
        owner_password: None for one who cannot log in yet (API tokens still work).
        owner_name: shown beside what they do.
        channel: through what the returned actor acts.

    Raises:
        InvalidRequest: an unknown currency or time zone, a bad address, a weak password.
        EmailTaken: if somebody logs in with that address.
    """
    _check(name=name, currency=currency, timezone=timezone)
    tenant_id = _next_tenant_id()
    with tenant_scope(tenant_id), transaction.atomic():
        tenant = Tenant.objects.create(pk=tenant_id, name=name.strip(), currency=currency, timezone=timezone)
        owner = new_person(tenant_id=tenant_id, email=owner_email, name=owner_name, password=owner_password)
        Membership.objects.create(user=owner, role=Role.OWNER.value)
    actor = Actor(tenant_id=tenant_id, user_id=owner.pk, channel=channel, roles={None: Role.OWNER})
    return NewTenant(tenant=tenant, owner=owner, actor=actor)


def _next_tenant_id() -> int:
    # Known before the transaction begins, since a transaction names its tenant in its first message.
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('accounts_tenant', 'id'))")
        return int(cursor.fetchone()[0])


def _check(*, name: str, currency: str, timezone: str) -> None:
    errors: dict[str, list[str]] = {}
    if not name.strip() or len(name) > 200:
        errors["name"] = ["Must be a name of at most 200 characters."]
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        errors["currency"] = ["Must be a currency's three letters, such as EUR."]
    if not is_timezone(timezone):
        errors["timezone"] = ["Must be a time zone such as Europe/Berlin."]
    if errors:
        raise InvalidRequest(errors)

