"""Opening, changing and closing outlets."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import IntegrityError, transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest
from lotkeeper.core.timezones import is_timezone
from lotkeeper.outlets.errors import OutletNameTaken
from lotkeeper.outlets.models import OUTLET_NAME_LIMIT, Outlet
from lotkeeper.outlets.queries import outlet_for


@dataclass(frozen=True, slots=True)
class OutletChanges:
    """What to change of an outlet; None leaves it as it is."""

    name: str | None = None
    timezone: str | None = None
    address: str | None = None


def create_outlet(*, actor: Actor, name: str, timezone: str, address: str = "") -> Outlet:
    """Open an outlet: a place that holds stock of its own.

    Args:
        actor: who opens it.
        name: unique within the business.
        timezone: IANA name; it decides what "today" means for expiry there.
        address: free text.

    Raises:
        PermissionRefused: unless the actor manages outlets.
        InvalidRequest: no name, or an unknown time zone.
        OutletNameTaken: if another outlet has the name.
    """
    actor.require(Permission.MANAGE_OUTLETS)
    _check(name=name, timezone=timezone)
    with transaction.atomic():
        return _saved(Outlet(name=name.strip(), timezone=timezone, address=address.strip()))


def update_outlet(*, actor: Actor, outlet_id: int, changes: OutletChanges) -> Outlet:
    """Change an outlet's name, time zone or address. The zones it had are kept: they decided what had expired.

    Raises:
        NotFound: if there is no such outlet here.
        PermissionRefused: unless the actor manages outlets.
        InvalidRequest: an empty name, or an unknown time zone.
        OutletNameTaken: if another outlet has the name.
    """
    with transaction.atomic():
        seen = outlet_for(actor, outlet_id)
        actor.require(Permission.MANAGE_OUTLETS)
        # Locked, so that of two changes at once the second knows the first one's zone.
        outlet: Outlet = Outlet.objects.select_for_update(no_key=True).get(pk=seen.pk)
        _check(name=changes.name, timezone=changes.timezone)
        if changes.name is not None:
            outlet.name = changes.name.strip()
        if changes.timezone is not None:
            outlet.earlier_timezones = sorted({*outlet.earlier_timezones, outlet.timezone} - {changes.timezone})
            outlet.timezone = changes.timezone
        if changes.address is not None:
            outlet.address = changes.address.strip()
        return _saved(outlet)


def deactivate_outlet(*, actor: Actor, outlet_id: int) -> Outlet:
    """Close an outlet: it leaves the lists, its history stays. Doing it twice changes nothing.

    Raises:
        NotFound: if there is no such outlet here.
        PermissionRefused: unless the actor manages outlets.
    """
    return _set_active(actor, outlet_id, is_active=False)


def reactivate_outlet(*, actor: Actor, outlet_id: int) -> Outlet:
    """Open a closed outlet again.

    Raises:
        NotFound: if there is no such outlet here.
        PermissionRefused: unless the actor manages outlets.
    """
    return _set_active(actor, outlet_id, is_active=True)


def _set_active(actor: Actor, outlet_id: int, *, is_active: bool) -> Outlet:
    with transaction.atomic():
        outlet = outlet_for(actor, outlet_id)
        actor.require(Permission.MANAGE_OUTLETS)
        outlet.is_active = is_active
        outlet.save(update_fields=["is_active"])
    return outlet


def _saved(outlet: Outlet) -> Outlet:
    # The database decides whether the name is free: two people may choose it at the same moment.
    try:
        with transaction.atomic():
            outlet.save()
    except IntegrityError as error:
        raise OutletNameTaken(name=outlet.name) from error
    return outlet


def _check(*, name: str | None, timezone: str | None) -> None:
    errors: dict[str, list[str]] = {}
    if name is not None and not (name.strip() and len(name) <= OUTLET_NAME_LIMIT):
        errors["name"] = [f"Must be a name of at most {OUTLET_NAME_LIMIT} characters."]
    if timezone is not None and not is_timezone(timezone):
        errors["timezone"] = ["Must be a time zone such as Africa/Nairobi."]
    if errors:
        raise InvalidRequest(errors)
