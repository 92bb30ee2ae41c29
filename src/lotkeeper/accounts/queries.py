"""Who is asking, and who works here. Reads only."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Prefetch, Q, QuerySet

from lotkeeper.accounts.models import ApiToken, Membership, Tenant, User
from lotkeeper.accounts.policies import ROLE_PERMISSIONS, Actor, Channel, Permission, Role, Scope
from lotkeeper.accounts.tokens import digest_of, parse_token
from lotkeeper.core.errors import InvalidRequest, NotFound
from lotkeeper.core.postgres.calls import call


def actor_for_token(token: str, channel: Channel = Channel.API) -> Actor | None:
    """Who a token speaks for, or None if it is malformed, unknown, expired, revoked, or its person is deactivated.

    Needs no transaction: it names the token's tenant itself.
    """
    parts = parse_token(token)
    if parts is None:
        return None
    # One statement for all of it: it runs before every call of every till.
    with connection.wrap_database_errors:
        found = call("SELECT * FROM lk.token_actor(%s, %s)", parts.tenant_id, parts.prefix)
    if not found or not hmac.compare_digest(bytes(found[0][1]), digest_of(token)):
        return None
    token_id, _, scopes, user_id, outlet_ids, roles = found[0]
    return Actor(
        tenant_id=parts.tenant_id,
        user_id=user_id,
        channel=channel,
        roles=_roles(zip(outlet_ids or (), roles or (), strict=True)),
        token_id=token_id,
        scopes=frozenset(Scope(scope) for scope in scopes),
    )


def actor_for_user(user: User, channel: Channel) -> Actor | None:
    """Who a logged-in person is at their business; None if they are deactivated or belong to none.

    To be called inside a transaction of the person's tenant.
    """
    if not user.is_active or user.tenant_id is None:
        return None
    held = Membership.objects.filter(user_id=user.pk).order_by("id").values_list("outlet_id", "role")
    return Actor(tenant_id=user.tenant_id, user_id=user.pk, channel=channel, roles=_roles(held))


def business_called(named: str | None) -> Tenant:
    """The business of this name or number; the only one, if nobody says which.

    Raises:
        InvalidRequest: if there is none, or more than one.
    """
    tenants = Tenant.objects.order_by("pk")
    if named is not None:
        tenants = tenants.filter(pk=int(named)) if named.isdigit() else tenants.filter(name=named)
    found = list(tenants[:2])
    if not found:
        message = f"There is no business {named}." if named else "There is no business yet; open one first."
        raise InvalidRequest({"tenant": [message]}, message)
    if len(found) > 1:
        message = "There is more than one business; say which with --tenant."
        raise InvalidRequest({"tenant": [message]}, message)
    return found[0]


def actor_called(tenant: Tenant, email: str | None, channel: Channel) -> Actor:
    """Who logs in at the business with this address; its owner, if nobody says who.

    To be called within the business's scope.

    Raises:
        InvalidRequest: if there is nobody.
    """
    with transaction.atomic():
        people = User.objects.filter(tenant=tenant, is_active=True)
        if email is not None:
            person = people.filter(email=email.strip().lower()).first()
        else:
            owners = Membership.objects.filter(role=Role.OWNER.value, outlet=None).values("user_id")
            person = people.filter(pk__in=owners).order_by("pk").first()
        actor = None if person is None else actor_for_user(person, channel)
    if actor is None:
        message = f"Nobody of {tenant.name} logs in with {email}." if email else f"{tenant.name} has no owner."
        raise InvalidRequest({"email": [message]}, message)
    return actor


def _roles(held: Iterable[tuple[int | None, str]]) -> Mapping[int | None, Role]:
    return {outlet_id: Role(role) for outlet_id, role in held}


def person_of(actor: Actor) -> User:
    """The person who is asking, or whom the token acts as."""
    return User.objects.get(pk=actor.user_id)


def tenant_of(actor: Actor) -> Tenant:
    """The actor's business."""
    return Tenant.objects.get(pk=actor.tenant_id)


def users_of(actor: Actor) -> QuerySet[User]:
    """The people of the actor's business, with their roles.

    Raises:
        PermissionRefused: unless the actor manages users.
    """
    actor.require(Permission.MANAGE_USERS)
    memberships = Prefetch("memberships", queryset=Membership.objects.order_by("id"))
    # People are a global table, without row-level security: the tenant must be named here.
    return User.objects.filter(tenant_id=actor.tenant_id).prefetch_related(memberships)


def colleagues_among(actor: Actor, user_ids: Collection[int]) -> Collection[int]:
    """Which of these are active people of the actor's business; whoever works there may name another."""
    found = User.objects.filter(tenant_id=actor.tenant_id, is_active=True, pk__in=user_ids)
    return set(found.values_list("id", flat=True))


def people_who_may(actor: Actor, permission: Permission, outlet_id: int) -> QuerySet[User]:
    """The active people of the actor's business who may do something at an outlet, by name."""
    roles = [role.value for role, permissions in ROLE_PERMISSIONS.items() if permission in permissions]
    there = Membership.objects.filter(Q(outlet_id=outlet_id) | Q(outlet=None), role__in=roles)
    found = User.objects.filter(tenant_id=actor.tenant_id, is_active=True, pk__in=there.values("user_id"))
    return found.order_by("name", "email")


def user_for(actor: Actor, user_id: int) -> User:
    """One person of the actor's business.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is none by that id here.
    """
    user = users_of(actor).filter(pk=user_id).first()
    if user is None:
        raise NotFound("user")
    return user


def memberships_of(actor: Actor, user_id: int) -> QuerySet[Any]:
    """The roles of one person of the actor's business.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such person here.
    """
    return Membership.objects.filter(user_id=user_for(actor, user_id).pk)  # type: ignore[no-any-return]  # TenantManager


def tokens_of(actor: Actor) -> QuerySet[Any]:
    """The API tokens of the actor's business, without their secrets.

    Raises:
        PermissionRefused: unless the actor manages users.
    """
    actor.require(Permission.MANAGE_USERS)
    return ApiToken.objects.all()  # type: ignore[no-any-return]  # TenantManager


def token_for(actor: Actor, token_id: int) -> ApiToken:
    """One API token of the actor's business.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is none by that id here.
    """
    token: ApiToken | None = tokens_of(actor).filter(pk=token_id).first()
    if token is None:
        raise NotFound("token")
    return token
