"""Opening, changing and closing outlets; who may, and who sees which."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.core.errors import InvalidRequest, NotFound, PermissionRefused
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.errors import OutletNameTaken
from lotkeeper.outlets.models import Outlet
from lotkeeper.outlets.operations.outlets import (
    OutletChanges,
    create_outlet,
    deactivate_outlet,
    reactivate_outlet,
    update_outlet,
)
from lotkeeper.outlets.queries import outlet_for, outlets_of

Colleague = Callable[..., Actor]


def open_outlet(business: NewTenant, name: str = "Harbour Street") -> Outlet:
    with tenant_scope(business.tenant.pk):
        return create_outlet(actor=business.actor, name=name, timezone="Europe/Berlin", address="1 Quay")


def names_seen(actor: Actor) -> list[str]:
    with tenant_scope(actor.tenant_id), transaction.atomic():
        return sorted(outlets_of(actor).values_list("name", flat=True))


def stored(outlet: Outlet) -> dict[str, object]:
    with tenant_scope(outlet.tenant_id), transaction.atomic():
        row: dict[str, object] = Outlet.objects.values("name", "timezone", "address", "is_active").get(pk=outlet.pk)
        return row


def test_an_outlet_is_opened_changed_closed_and_opened_again(business: NewTenant) -> None:
    outlet = open_outlet(business, " Harbour Street ")
    assert stored(outlet) == {
        "name": "Harbour Street",
        "timezone": "Europe/Berlin",
        "address": "1 Quay",
        "is_active": True,
    }
    with tenant_scope(business.tenant.pk):
        update_outlet(actor=business.actor, outlet_id=outlet.pk, changes=OutletChanges(timezone="Africa/Nairobi"))
        deactivate_outlet(actor=business.actor, outlet_id=outlet.pk)
        deactivate_outlet(actor=business.actor, outlet_id=outlet.pk)
    assert stored(outlet) == {
        "name": "Harbour Street",
        "timezone": "Africa/Nairobi",
        "address": "1 Quay",
        "is_active": False,
    }
    with tenant_scope(business.tenant.pk):
        reactivate_outlet(actor=business.actor, outlet_id=outlet.pk)
    assert stored(outlet)["is_active"] is True


def test_the_time_zones_an_outlet_had_are_kept(business: NewTenant) -> None:
    outlet = open_outlet(business)
    kept = []
    with tenant_scope(business.tenant.pk):
        for timezone in ("Europe/Berlin", "Africa/Nairobi", "UTC", "Africa/Nairobi"):
            changed = update_outlet(actor=business.actor, outlet_id=outlet.pk, changes=OutletChanges(timezone=timezone))
            kept.append(changed.earlier_timezones)
    assert kept == [[], ["Europe/Berlin"], ["Africa/Nairobi", "Europe/Berlin"], ["Europe/Berlin", "UTC"]]


@pytest.mark.parametrize(
    ("name", "timezone", "field"),
    [
        ("", "UTC", "name"),
        ("   ", "UTC", "name"),
        ("n" * 121, "UTC", "name"),
        ("Shop", "", "timezone"),
        ("Shop", "europe/berlin", "timezone"),
        ("Shop", "+02:00", "timezone"),
        ("Shop", "../zone", "timezone"),
        ("Shop", "localtime", "timezone"),
    ],
)
def test_an_outlet_needs_a_name_and_a_real_time_zone(business: NewTenant, name: str, timezone: str, field: str) -> None:
    with tenant_scope(business.tenant.pk), pytest.raises(InvalidRequest) as refusal:
        create_outlet(actor=business.actor, name=name, timezone=timezone)
    assert list(refusal.value.fields["errors"]) == [field]
    assert names_seen(business.actor) == []


def test_two_outlets_of_one_business_never_share_a_name(
    business: NewTenant, make_business: Callable[[], NewTenant]
) -> None:
    open_outlet(business, "Harbour Street")
    mill = open_outlet(business, "Mill Lane")
    with tenant_scope(business.tenant.pk):
        with pytest.raises(OutletNameTaken) as refusal:
            create_outlet(actor=business.actor, name="Mill Lane ", timezone="UTC")
        with pytest.raises(OutletNameTaken):
            update_outlet(actor=business.actor, outlet_id=mill.pk, changes=OutletChanges(name="Harbour Street"))
    assert refusal.value.fields == {"name": "Mill Lane"}
    assert names_seen(business.actor) == ["Harbour Street", "Mill Lane"]
    open_outlet(make_business(), "Mill Lane")


def test_people_see_the_outlets_where_they_have_a_role(business: NewTenant, colleague: Colleague) -> None:
    harbour = open_outlet(business, "Harbour Street")
    mill = open_outlet(business, "Mill Lane")
    counter = colleague(business, Role.COUNTER, harbour.pk)
    auditor = colleague(business, Role.AUDITOR)
    assert names_seen(counter) == ["Harbour Street"]
    assert names_seen(auditor) == ["Harbour Street", "Mill Lane"]
    with tenant_scope(business.tenant.pk), transaction.atomic():
        assert outlet_for(counter, harbour.pk).name == "Harbour Street"
        with pytest.raises(NotFound) as refusal:
            outlet_for(counter, mill.pk)
    assert refusal.value.fields == {"what": "outlet"}


def test_an_outlet_of_another_business_is_not_found(
    business: NewTenant, make_business: Callable[[], NewTenant]
) -> None:
    foreign = open_outlet(make_business())
    attempts: list[Callable[[], object]] = [
        lambda: outlet_for(business.actor, foreign.pk),
        lambda: update_outlet(actor=business.actor, outlet_id=foreign.pk, changes=OutletChanges(name="Mine")),
        lambda: deactivate_outlet(actor=business.actor, outlet_id=foreign.pk),
        lambda: reactivate_outlet(actor=business.actor, outlet_id=foreign.pk),
    ]
    for attempt in attempts:
        with tenant_scope(business.tenant.pk), transaction.atomic(), pytest.raises(NotFound):
            attempt()
    assert stored(foreign)["name"] == "Harbour Street"
    assert stored(foreign)["is_active"] is True


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_only_owners_change_outlets(business: NewTenant, colleague: Colleague, role: Role) -> None:
    outlet = open_outlet(business)
    actor = colleague(business, role)
    attempts: list[Callable[[], object]] = [
        lambda: create_outlet(actor=actor, name="Mine", timezone="UTC"),
        lambda: update_outlet(actor=actor, outlet_id=outlet.pk, changes=OutletChanges(name="Mine")),
        lambda: deactivate_outlet(actor=actor, outlet_id=outlet.pk),
        lambda: reactivate_outlet(actor=actor, outlet_id=outlet.pk),
    ]
    for attempt in attempts:
        with tenant_scope(business.tenant.pk), pytest.raises(PermissionRefused):
            attempt()
    assert names_seen(business.actor) == ["Harbour Street"]
    assert stored(outlet)["is_active"] is True


def test_an_owner_of_one_outlet_does_not_open_others(business: NewTenant, colleague: Colleague) -> None:
    outlet = open_outlet(business)
    actor = colleague(business, Role.OWNER, outlet.pk)
    with tenant_scope(business.tenant.pk), pytest.raises(PermissionRefused):
        create_outlet(actor=actor, name="Second", timezone="UTC")
    assert names_seen(business.actor) == ["Harbour Street"]
