"""The business, its outlets and its people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import uuid4

from lotkeeper.accounts.operations.tenants import NewTenant, create_tenant
from lotkeeper.accounts.operations.users import create_user, deactivate_user
from lotkeeper.accounts.policies import Actor
from lotkeeper.demo.operations._shop import Staff
from lotkeeper.demo.policies.story import (
    BOOKKEEPER_DOMAIN,
    BOOKKEEPER_NAME,
    CLERK,
    COUNTER,
    CURRENCY,
    MANAGER,
    OWNER,
    PASSWORD,
    PLACES,
    SHOP_NAME,
    STAFF,
    TIMEZONE,
    Person,
)
from lotkeeper.outlets.operations.outlets import create_outlet


def open_business() -> NewTenant:
    """The business, with the bookkeeper of its past, whose address is new each time: a run that was broken off is no
    obstacle to the next.

    Opens its own transaction.
    """
    return create_tenant(
        name=SHOP_NAME,
        currency=CURRENCY,
        timezone=TIMEZONE,
        owner_email=f"{uuid4().hex}@{BOOKKEEPER_DOMAIN}",
        owner_password=None,
        owner_name=BOOKKEEPER_NAME,
    )


def open_outlets(*, actor: Actor) -> Mapping[str, int]:
    """The outlets, each in its own time zone; their ids by code."""
    return {
        place.code: create_outlet(actor=actor, name=place.name, timezone=place.timezone, address=place.address).pk
        for place in PLACES
    }


def hire_staff(*, actor: Actor, outlets: Mapping[str, int]) -> Staff:
    """Everybody who can log in, with one role each, in place of the bookkeeper."""
    acting: dict[Person, Actor] = {}
    for person in STAFF:
        outlet_id = outlets[person.place.code] if person.place else None
        user = create_user(
            actor=actor, email=person.email, name=person.name, password=PASSWORD, role=person.role, outlet_id=outlet_id
        )
        acting[person] = replace(actor, user_id=user.pk, roles={outlet_id: person.role})
    deactivate_user(actor=acting[OWNER], user_id=actor.user_id)
    return Staff(owner=acting[OWNER], manager=acting[MANAGER], clerk=acting[CLERK], counter=acting[COUNTER])
