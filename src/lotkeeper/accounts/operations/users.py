"""Letting people in, giving and taking roles, and closing a person's access."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from lotkeeper.accounts.errors import EmailTaken, LastOwner
from lotkeeper.accounts.models import Membership, User
from lotkeeper.accounts.operations.people import check_name, check_password, new_person
from lotkeeper.accounts.policies import Actor, Permission, Role
from lotkeeper.accounts.queries import user_for
from lotkeeper.core.errors import NotFound

# PostgreSQL's name for a reference to something that is not there.
_FOREIGN_KEY_VIOLATION = "23503"


def create_user(
    *, actor: Actor, email: str, name: str, password: str | None, role: Role, outlet_id: int | None = None
) -> User:
    """Let a person in, with one role to begin with.

    Args:
        actor: who lets them in.
        email: what they log in with; one address belongs to one person in all of Lotkeeper.
        name: shown beside what they do.
        password: their first one; None for somebody who only acts through API tokens.
        role: what they may do.
        outlet_id: where; None for every outlet.

    Raises:
        PermissionRefused: unless the actor manages users.
        InvalidRequest: a bad address or name, or a weak password.
        EmailTaken: if somebody logs in with that address.
        NotFound: if there is no such outlet here.
    """
    actor.require(Permission.MANAGE_USERS)
    with transaction.atomic():
        try:
            with transaction.atomic():
                user = new_person(tenant_id=actor.tenant_id, email=email, name=name, password=password)
        except IntegrityError as error:
            # Somebody else took the address between the look and the write.
            raise EmailTaken(email=email) from error
        _grant(user, role, outlet_id)
    return user


def rename_user(*, actor: Actor, user_id: int, name: str) -> User:
    """Change the name shown beside what a person does.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such person here.
        InvalidRequest: if the name is too long.
    """
    check_name(name)
    with transaction.atomic():
        user = user_for(actor, user_id)
        user.name = name.strip()
        user.save(update_fields=["name"])
    return user


def set_password(*, actor: Actor, user_id: int, password: str) -> User:
    """Give a person a new password, as when they forgot theirs; it ends their sessions.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such person here.
        InvalidRequest: if the password is weak.
    """
    with transaction.atomic():
        user = user_for(actor, user_id)
        check_password(password, user)
        user.set_password(password)
        user.save(update_fields=["password"])
    return user


def grant_membership(*, actor: Actor, user_id: int, role: Role, outlet_id: int | None = None) -> Membership:
    """Give a person a role at an outlet, or everywhere; another role they had there is replaced.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such person or outlet here.
        LastOwner: if it would leave nobody who may let others in.
    """
    with transaction.atomic():
        _lock_owners()
        user = user_for(actor, user_id)
        membership = _grant(user, role, outlet_id)
        _require_an_owner()
    return membership


def remove_membership(*, actor: Actor, user_id: int, membership_id: int) -> None:
    """Take a role from a person.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such person here, or they have no such role.
        LastOwner: if it would leave nobody who may let others in.
    """
    with transaction.atomic():
        _lock_owners()
        user = user_for(actor, user_id)
        membership = Membership.objects.filter(user_id=user.pk, pk=membership_id).first()
        if membership is None:
            raise NotFound("membership")
        membership.delete()
        _require_an_owner()


def deactivate_user(*, actor: Actor, user_id: int) -> User:
    """Close a person's access: sessions and tokens stop at once, what they did stays. Doing it twice changes nothing.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such person here.
        LastOwner: if it would leave nobody who may let others in.
    """
    with transaction.atomic():
        _lock_owners()
        user = user_for(actor, user_id)
        user.is_active = False
        user.save(update_fields=["is_active"])
        _require_an_owner()
    return user


def reactivate_user(*, actor: Actor, user_id: int) -> User:
    """Let a person in again, with the roles and tokens they had.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such person here.
    """
    with transaction.atomic():
        user = user_for(actor, user_id)
        user.is_active = True
        user.save(update_fields=["is_active"])
    return user


def _grant(user: User, role: Role, outlet_id: int | None) -> Membership:
    try:
        # The key (tenant, outlet) refuses an outlet that is unknown or another business's.
        with transaction.atomic():
            membership, _ = Membership.objects.update_or_create(
                user_id=user.pk, outlet_id=outlet_id, defaults={"role": role.value}
            )
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) == _FOREIGN_KEY_VIOLATION:
            raise NotFound("outlet") from error
        raise
    return membership  # type: ignore[no-any-return]  # TenantManager


def _lock_owners() -> None:
    # Two owners who demote each other at the same moment queue here; the second counts again.
    list(_owners().select_for_update().order_by("id").values_list("id"))


def _require_an_owner() -> None:
    if not _owners().filter(user__is_active=True).exists():
        raise LastOwner


def _owners() -> Any:
    return Membership.objects.filter(role=Role.OWNER.value, outlet_id=None)
