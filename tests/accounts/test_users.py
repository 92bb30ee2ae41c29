"""Letting people in, giving and taking roles, closing access; and who may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection, transaction

from lotkeeper.accounts.errors import EmailTaken, LastOwner
from lotkeeper.accounts.models import Membership, User
from lotkeeper.accounts.operations.tenants import NewTenant, create_tenant
from lotkeeper.accounts.operations.users import (
    create_user,
    deactivate_user,
    grant_membership,
    reactivate_user,
    remove_membership,
    rename_user,
    set_password,
)
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.core.errors import InvalidRequest, NotFound, PermissionRefused, Refusal
from lotkeeper.core.tenancy import NoTenantInScope, tenant_scope
from lotkeeper.outlets.operations.outlets import create_outlet

Colleague = Callable[..., Actor]


def roles_of(business: NewTenant, user_id: int) -> list[tuple[int | None, str]]:
    with tenant_scope(business.tenant.pk), transaction.atomic():
        rows = Membership.objects.filter(user_id=user_id).order_by("id")
        return list(rows.values_list("outlet_id", "role"))


def people_of(business: NewTenant) -> int:
    return User.objects.filter(tenant=business.tenant).count()


def owner_membership(business: NewTenant) -> int:
    with tenant_scope(business.tenant.pk), transaction.atomic():
        return int(Membership.objects.get(user_id=business.owner.pk).pk)


def test_a_new_business_has_one_owner_of_everything(business: NewTenant) -> None:
    assert business.tenant.name == "Corner Pharmacy"
    assert business.owner.tenant_id == business.tenant.pk
    assert roles_of(business, business.owner.pk) == [(None, "owner")]
    assert people_of(business) == 1


def test_a_business_cannot_be_created_inside_another_ones_transaction(business: NewTenant) -> None:
    with tenant_scope(business.tenant.pk), transaction.atomic(), pytest.raises(NoTenantInScope):
        create_tenant(
            name="Nested", currency="EUR", timezone="UTC", owner_email="n@nested.example", owner_password=None
        )
    assert not User.objects.filter(email="n@nested.example").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"currency": "eur"}, "currency"),
        ({"currency": "€"}, "currency"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"owner_email": "not an address"}, "email"),
        ({"owner_password": "short"}, "password"),
        ({"owner_password": "password123"}, "password"),
    ],
)
def test_a_business_that_makes_no_sense_is_not_created(changes: dict[str, str], field: str) -> None:
    asked = {
        "name": "Shop",
        "currency": "EUR",
        "timezone": "UTC",
        "owner_email": "nobody-yet@shop.example",
        "owner_password": None,
        **changes,
    }
    with pytest.raises(InvalidRequest) as refusal:
        create_tenant(**asked)  # type: ignore[arg-type]
    assert list(refusal.value.fields["errors"]) == [field]
    assert not User.objects.filter(email="nobody-yet@shop.example").exists()


def test_an_address_belongs_to_one_person_in_all_of_lotkeeper(
    business: NewTenant, make_business: Callable[[], NewTenant]
) -> None:
    other = make_business()
    with tenant_scope(other.tenant.pk), pytest.raises(EmailTaken) as refusal:
        create_user(actor=other.actor, email=business.owner.email.upper(), name="Twin", password=None, role=Role.CLERK)
    assert refusal.value.fields == {"email": business.owner.email}
    assert people_of(other) == 1


def test_a_role_at_one_outlet_and_everywhere(business: NewTenant, colleague: Colleague) -> None:
    clerk = colleague(business, Role.CLERK)
    with tenant_scope(business.tenant.pk):
        outlet = create_outlet(actor=business.actor, name="Harbour Street", timezone="Europe/Berlin")
        grant_membership(actor=business.actor, user_id=clerk.user_id, role=Role.COUNTER, outlet_id=outlet.pk)
        grant_membership(actor=business.actor, user_id=clerk.user_id, role=Role.MANAGER, outlet_id=outlet.pk)
    assert roles_of(business, clerk.user_id) == [(None, "clerk"), (outlet.pk, "manager")]


def test_no_role_at_an_outlet_of_another_business(
    business: NewTenant, make_business: Callable[[], NewTenant], colleague: Colleague
) -> None:
    other = make_business()
    with tenant_scope(other.tenant.pk):
        foreign = create_outlet(actor=other.actor, name="Not yours", timezone="UTC")
    clerk = colleague(business, Role.CLERK)
    with tenant_scope(business.tenant.pk), pytest.raises(NotFound) as refusal:
        grant_membership(actor=business.actor, user_id=clerk.user_id, role=Role.OWNER, outlet_id=foreign.pk)
    assert refusal.value.fields == {"what": "outlet"}
    assert roles_of(business, clerk.user_id) == [(None, "clerk")]


def test_nobody_is_let_in_when_their_outlet_is_unknown(business: NewTenant) -> None:
    with tenant_scope(business.tenant.pk), pytest.raises(NotFound):
        create_user(
            actor=business.actor,
            email="lost@shop.example",
            name="",
            password=None,
            role=Role.CLERK,
            outlet_id=2**62,
        )
    assert people_of(business) == 1


def test_the_last_owner_is_not_demoted_removed_or_deactivated(business: NewTenant, colleague: Colleague) -> None:
    manager = colleague(business, Role.MANAGER)
    membership = owner_membership(business)
    with tenant_scope(business.tenant.pk):
        with pytest.raises(LastOwner):
            grant_membership(actor=business.actor, user_id=business.owner.pk, role=Role.CLERK)
        with pytest.raises(LastOwner):
            remove_membership(actor=business.actor, user_id=business.owner.pk, membership_id=membership)
        with pytest.raises(LastOwner):
            deactivate_user(actor=business.actor, user_id=business.owner.pk)
    assert roles_of(business, business.owner.pk) == [(None, "owner")]
    assert User.objects.get(pk=business.owner.pk).is_active
    with tenant_scope(business.tenant.pk):
        grant_membership(actor=business.actor, user_id=manager.user_id, role=Role.OWNER)
        remove_membership(actor=business.actor, user_id=business.owner.pk, membership_id=membership)
    assert roles_of(business, business.owner.pk) == []


def test_an_owner_of_one_outlet_or_a_deactivated_one_does_not_count(business: NewTenant, colleague: Colleague) -> None:
    with tenant_scope(business.tenant.pk):
        outlet = create_outlet(actor=business.actor, name="Mill Lane", timezone="UTC")
    colleague(business, Role.OWNER, outlet.pk)
    gone = colleague(business, Role.OWNER)
    with tenant_scope(business.tenant.pk):
        deactivate_user(actor=business.actor, user_id=gone.user_id)
        with pytest.raises(LastOwner):
            deactivate_user(actor=business.actor, user_id=business.owner.pk)
        reactivate_user(actor=business.actor, user_id=gone.user_id)
        deactivate_user(actor=business.actor, user_id=business.owner.pk)
    assert not User.objects.get(pk=business.owner.pk).is_active
    assert User.objects.get(pk=gone.user_id).is_active


def test_two_owners_who_demote_each_other_at_once_leave_one(business: NewTenant, colleague: Colleague) -> None:
    second = colleague(business, Role.OWNER)
    first_has_written, second_is_through = threading.Event(), threading.Event()
    refusals: list[Refusal] = []

    def demote_first() -> None:
        try:
            first_has_written.wait(5)
            with tenant_scope(business.tenant.pk):
                grant_membership(actor=second, user_id=business.owner.pk, role=Role.CLERK)
        except Refusal as refusal:
            refusals.append(refusal)
        finally:
            second_is_through.set()
            connection.close()

    thread = threading.Thread(target=demote_first)
    thread.start()
    with tenant_scope(business.tenant.pk), transaction.atomic():
        grant_membership(actor=business.actor, user_id=second.user_id, role=Role.CLERK)
        first_has_written.set()
        # The other one must wait for this transaction to end, instead of counting an owner who is about to go.
        assert not second_is_through.wait(0.5)
    thread.join()

    assert [type(refusal) for refusal in refusals] == [LastOwner]
    assert roles_of(business, business.owner.pk) == [(None, "owner")]
    assert roles_of(business, second.user_id) == [(None, "clerk")]


def test_a_name_and_a_password_can_be_changed(business: NewTenant, colleague: Colleague) -> None:
    clerk = colleague(business, Role.CLERK)
    with tenant_scope(business.tenant.pk):
        rename_user(actor=business.actor, user_id=clerk.user_id, name=" Amina ")
        set_password(actor=business.actor, user_id=clerk.user_id, password="a good long phrase")
        with pytest.raises(InvalidRequest):
            set_password(actor=business.actor, user_id=clerk.user_id, password="short")
    person = User.objects.get(pk=clerk.user_id)
    assert person.name == "Amina"
    assert person.check_password("a good long phrase")


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_only_owners_manage_people(business: NewTenant, colleague: Colleague, role: Role) -> None:
    actor = colleague(business, role)
    owner = business.owner.pk
    membership = owner_membership(business)
    attempts: list[Callable[[], object]] = [
        lambda: create_user(actor=actor, email="x@shop.example", name="", password=None, role=Role.OWNER),
        lambda: rename_user(actor=actor, user_id=owner, name="Mallory"),
        lambda: set_password(actor=actor, user_id=owner, password="a good long phrase"),
        lambda: grant_membership(actor=actor, user_id=actor.user_id, role=Role.OWNER),
        lambda: remove_membership(actor=actor, user_id=owner, membership_id=membership),
        lambda: deactivate_user(actor=actor, user_id=owner),
        lambda: reactivate_user(actor=actor, user_id=owner),
    ]
    for attempt in attempts:
        with tenant_scope(business.tenant.pk), pytest.raises(PermissionRefused):
            attempt()
    assert people_of(business) == 2
    assert roles_of(business, owner) == [(None, "owner")]
    assert roles_of(business, actor.user_id) == [(None, role.value)]
    assert User.objects.get(pk=owner).name == "Olu Owner"


def test_people_of_another_business_are_not_found(business: NewTenant, make_business: Callable[[], NewTenant]) -> None:
    stranger = make_business()
    their_membership = owner_membership(stranger)
    attempts: list[Callable[[], object]] = [
        lambda: rename_user(actor=business.actor, user_id=stranger.owner.pk, name="Mallory"),
        lambda: set_password(actor=business.actor, user_id=stranger.owner.pk, password="a good long phrase"),
        lambda: grant_membership(actor=business.actor, user_id=stranger.owner.pk, role=Role.CLERK),
        lambda: remove_membership(actor=business.actor, user_id=business.owner.pk, membership_id=their_membership),
        lambda: deactivate_user(actor=business.actor, user_id=stranger.owner.pk),
        lambda: reactivate_user(actor=business.actor, user_id=stranger.owner.pk),
    ]
    for attempt in attempts:
        with tenant_scope(business.tenant.pk), pytest.raises(NotFound):
            attempt()
    assert User.objects.get(pk=stranger.owner.pk).name == "Olu Owner"
    assert roles_of(stranger, stranger.owner.pk) == [(None, "owner")]
    assert replace(business.actor).tenant_id != stranger.tenant.pk


def test_an_address_is_kept_in_lower_case_by_the_database(business: NewTenant) -> None:
    from django.db import IntegrityError

    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=business.owner.pk).update(email="Shouting@Shop.example")
    assert User.objects.get(pk=business.owner.pk).email == business.owner.email
