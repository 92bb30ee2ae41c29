"""API tokens: issued once, shown once, revoked for good."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from lotkeeper.accounts.models import TOKEN_NAME_LIMIT, ApiToken
from lotkeeper.accounts.policies import Actor, Permission, Scope
from lotkeeper.accounts.queries import token_for, user_for
from lotkeeper.accounts.tokens import digest_of, new_token
from lotkeeper.core.errors import Conflict, InvalidRequest


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token: ``plain`` is shown this once and kept nowhere."""

    token: ApiToken
    plain: str


def issue_token(
    *,
    actor: Actor,
    name: str,
    scopes: Collection[Scope],
    now: dt.datetime,
    user_id: int | None = None,
    expires_at: dt.datetime | None = None,
) -> IssuedToken:
    """Give a till or a program a key of its own, acting as one person within the scopes.

    Args:
        actor: who gives it.
        name: which till or program it is for.
        scopes: what it may be used for; the person's roles still apply.
        now: the moment.
        user_id: whom it acts as; the actor if not named.
        expires_at: when it stops working; None for never.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such person here.
        InvalidRequest: no name, no scope, or an end in the past.
        Conflict: if the person is deactivated.
    """
    errors: dict[str, list[str]] = {}
    if not name.strip() or len(name) > TOKEN_NAME_LIMIT:
        errors["name"] = [f"Must be a name of at most {TOKEN_NAME_LIMIT} characters."]
    if not scopes:
        errors["scopes"] = ["Name at least one scope."]
    if expires_at is not None and expires_at <= now:
        errors["expires_at"] = ["Must be in the future."]
    with transaction.atomic():
        user = user_for(actor, user_id if user_id is not None else actor.user_id)
        if errors:
            raise InvalidRequest(errors)
        if not user.is_active:
            raise Conflict("This person is deactivated; a token in their name would not work.")
        fresh = new_token(actor.tenant_id)
        token = ApiToken.objects.create(
            user=user,
            name=name.strip(),
            prefix=fresh.prefix,
            digest=digest_of(fresh.plain),
            scopes=sorted({scope.value for scope in scopes}),
            expires_at=expires_at,
        )
    return IssuedToken(token=token, plain=fresh.plain)


def revoke_token(*, actor: Actor, token_id: int, now: dt.datetime) -> ApiToken:
    """Make a token stop working, at once and for good; revoking it twice changes nothing.

    Raises:
        PermissionRefused: unless the actor manages users.
        NotFound: if there is no such token here.
    """
    actor.require(Permission.MANAGE_USERS)
    with transaction.atomic():
        token = token_for(actor, token_id)
        if token.revoked_at is None:
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])
    return token
