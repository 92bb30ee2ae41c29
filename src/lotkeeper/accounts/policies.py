"""What each role may do, and who is asking. Pure: no Django, no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from lotkeeper.core.errors import PermissionRefused


class Role(StrEnum):
    """A person's part in an outlet, from most to least."""

    OWNER = "owner"
    MANAGER = "manager"
    CLERK = "clerk"
    COUNTER = "counter"
    AUDITOR = "auditor"


class Permission(StrEnum):
    """One thing a person may be allowed to do."""

    VIEW = "view"
    SELL = "sell"
    RECEIVE = "receive"
    ADJUST = "adjust"
    WRITE_OFF = "write_off"
    RETURN = "return"
    TRANSFER = "transfer"
    RESERVE = "reserve"
    REVERSE = "reverse"
    AMEND_BATCH = "amend_batch"
    HOLD_BATCH = "hold_batch"
    COUNT = "count"
    RECONCILE = "reconcile"
    IMPORT = "import"
    MANAGE_CATALOG = "manage_catalog"
    MANAGE_OUTLETS = "manage_outlets"
    MANAGE_USERS = "manage_users"
    MANAGE_BUSINESS = "manage_business"


class Scope(StrEnum):
    """What an API token may be used for; its person's roles still apply."""

    READ = "read"
    STOCK = "stock"
    CATALOG = "catalog"
    ADMIN = "admin"


_CLERK = frozenset(
    {
        Permission.VIEW,
        Permission.SELL,
        Permission.RECEIVE,
        Permission.RETURN,
        Permission.TRANSFER,
        Permission.RESERVE,
        Permission.WRITE_OFF,
        Permission.COUNT,
    }
)
_MANAGER = _CLERK | {
    Permission.ADJUST,
    Permission.REVERSE,
    Permission.AMEND_BATCH,
    Permission.HOLD_BATCH,
    Permission.RECONCILE,
    Permission.IMPORT,
    Permission.MANAGE_CATALOG,
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.OWNER: frozenset(Permission),
        Role.MANAGER: _MANAGER,
        Role.CLERK: _CLERK,
        Role.COUNTER: frozenset({Permission.VIEW, Permission.COUNT}),
        Role.AUDITOR: frozenset({Permission.VIEW}),
    }
)

_ADMIN_ONLY = frozenset({Permission.MANAGE_OUTLETS, Permission.MANAGE_USERS, Permission.MANAGE_BUSINESS})
SCOPE_PERMISSIONS: Mapping[Scope, frozenset[Permission]] = MappingProxyType(
    {
        Scope.READ: frozenset({Permission.VIEW}),
        Scope.STOCK: frozenset(Permission) - _ADMIN_ONLY - {Permission.MANAGE_CATALOG},
        Scope.CATALOG: frozenset({Permission.VIEW, Permission.MANAGE_CATALOG}),
        Scope.ADMIN: frozenset(Permission),
    }
)


def roles_with(permission: Permission) -> Sequence[Role]:
    """The roles that may do something."""
    return [role for role, allowed in ROLE_PERMISSIONS.items() if permission in allowed]


def scopes_with(permission: Permission) -> Sequence[Scope]:
    """The scopes that let a token do something."""
    return [scope for scope, allowed in SCOPE_PERMISSIONS.items() if permission in allowed]


class Channel(StrEnum):
    """Through what an operation came."""

    PAGE = "page"
    API = "api"
    IMPORT = "import"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is asking, through what, and with which roles.

    ``roles`` maps an outlet's id to the role there; the key None holds for every outlet of the tenant.
    ``scopes`` is None for a person in a browser, and a token's scopes otherwise.
    """

    tenant_id: int
    user_id: int
    channel: Channel
    roles: Mapping[int | None, Role]
    token_id: int | None = None
    scopes: frozenset[Scope] | None = field(default=None)

    def may(self, permission: Permission, outlet_id: int | None = None) -> bool:
        """Whether this actor may do ``permission`` at an outlet (None: anywhere in the tenant)."""
        if self.scopes is not None and not any(permission in SCOPE_PERMISSIONS[scope] for scope in self.scopes):
            return False
        held = [role for at, role in self.roles.items() if at is None or at == outlet_id]
        return any(permission in ROLE_PERMISSIONS[role] for role in held)

    def may_somewhere(self, permission: Permission) -> bool:
        """Whether this actor may do ``permission`` at one outlet at least."""
        return any(self.may(permission, outlet_id) for outlet_id in self.roles)

    def outlets_for(self, permission: Permission) -> frozenset[int] | None:
        """The outlets where this actor may do ``permission``; None means every outlet."""
        if self.may(permission):
            return None
        return frozenset(at for at in self.roles if at is not None and self.may(permission, at))

    def require(self, permission: Permission, outlet_id: int | None = None) -> None:
        """Refuse unless this actor may do ``permission`` there.

        Raises:
            PermissionRefused: otherwise.
        """
        if not self.may(permission, outlet_id):
            raise PermissionRefused(permission=permission.value, outlet_id=outlet_id)
