"""Who keeps stock here: tenants, the people who work for them, what they may do, and the tokens of their tills."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from lotkeeper.accounts.policies import Role
from lotkeeper.core.models import TenantForeignKey, TenantModel

NAME_LIMIT = 150
EMAIL_LIMIT = 254
TENANT_NAME_LIMIT = 200
TOKEN_NAME_LIMIT = 100


class IssuePolicy(models.TextChoices):
    """Which sellable batch leaves first."""

    FEFO = "fefo", "First expired, first out"
    FIFO = "fifo", "First received, first out"


class Tenant(models.Model):
    """One business: a shop, or a chain of them. Global: it is the root every other row hangs from."""

    name = models.CharField(max_length=TENANT_NAME_LIMIT)
    currency = models.CharField(max_length=3, default="EUR")
    timezone = models.CharField(max_length=63, default="UTC")
    issue_policy = models.CharField(max_length=4, choices=IssuePolicy.choices, default=IssuePolicy.FEFO)
    # How far back an entry may be dated: long enough for a till that was offline over a holiday.
    backdating_limit_days = models.PositiveSmallIntegerField(default=31)
    # Beyond these, a difference that was counted needs a second person's word. Empty: it never does.
    count_tolerance_units = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    count_tolerance_value = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """A person who can log in with an e-mail address and a password."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """An operator of the installation, for ``lotkeeper createsuperuser``."""
        return self.create_user(email, password, is_superuser=True, is_staff=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Global, since they log in before their tenant is known; deactivated, never deleted."""

    email = models.EmailField(unique=True, max_length=EMAIL_LIMIT)
    name = models.CharField(max_length=NAME_LIMIT, blank=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="users", null=True, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)
    # Global tables are not written when logging in, so that a login never waits on another shard.
    last_login = None

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = (
            # So that the unique key means one address, however it is typed.
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower_case"),
        )

    def __str__(self) -> str:
        return self.name or self.email


class Membership(TenantModel):
    """A person's role at one outlet, or at every outlet of the tenant when no outlet is named."""

    in_journal: ClassVar[bool] = True

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    outlet = TenantForeignKey(
        "outlets.Outlet", on_delete=models.PROTECT, null=True, blank=True, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=[(role.value, role.name.title()) for role in Role])

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "user", "outlet"], nulls_distinct=False, name="membership_once_per_outlet"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user_id} is {self.role}"


class ApiToken(TenantModel):
    """A till's or a program's key: shown once, kept only as a hash, acting as the person it was made for."""

    in_journal: ClassVar[bool] = True

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=TOKEN_NAME_LIMIT)
    prefix = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=20))
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "prefix"], name="apitoken_prefix"),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SetupLink(models.Model):
    """A one-time link to the set-up page of an empty Lotkeeper, kept only as a hash. Global: there is no tenant yet."""

    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"set-up link until {self.expires_at}"
