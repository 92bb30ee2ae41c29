"""What users, roles and tokens look like on the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from lotkeeper.accounts.models import TENANT_NAME_LIMIT, ApiToken, IssuePolicy, Membership, Tenant, User
from lotkeeper.accounts.operations.business import MAX_BACKDATING_DAYS
from lotkeeper.accounts.policies import Channel, Permission, Role, Scope
from lotkeeper.core.quantity import Sign
from lotkeeper.web.api import IdField, MoneyField, QuantityField, TextField, WholeNumberField

ROLES = [role.value for role in Role]
SCOPES = [scope.value for scope in Scope]


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    """A role at one outlet, or everywhere when ``outlet_id`` is null."""

    id = IdField(read_only=True)
    outlet_id = IdField(read_only=True, allow_null=True)
    role = serializers.ChoiceField(choices=ROLES, read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "outlet_id", "role")


class UserSerializer(serializers.ModelSerializer[User]):
    """A person and their roles."""

    id = IdField(read_only=True)
    memberships = MembershipSerializer(many=True, read_only=True)

    class Meta:
        model = User
        fields = ("id", "email", "name", "is_active", "date_joined", "memberships")
        read_only_fields = fields


class NewUserSerializer(serializers.Serializer[Any]):
    """A person to let in."""

    email = serializers.EmailField(max_length=254)
    name = TextField(max_length=150, allow_blank=True, default="")
    password = TextField(max_length=128, trim_whitespace=False, write_only=True, allow_null=True, default=None)
    role = serializers.ChoiceField(choices=ROLES)
    outlet_id = IdField(allow_null=True, default=None)


class UserNameSerializer(serializers.Serializer[Any]):
    """A person's name."""

    name = TextField(max_length=150, allow_blank=True)


class PasswordSerializer(serializers.Serializer[Any]):
    """A new password."""

    password = TextField(max_length=128, trim_whitespace=False, write_only=True)


class GrantSerializer(serializers.Serializer[Any]):
    """A role to give; without ``outlet_id`` it holds everywhere."""

    role = serializers.ChoiceField(choices=ROLES)
    outlet_id = IdField(allow_null=True, default=None)


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """An API token, by its prefix; the secret is not kept."""

    id = IdField(read_only=True)
    user_id = IdField(read_only=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), read_only=True)

    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "user_id", "scopes", "created_at", "expires_at", "revoked_at")
        read_only_fields = fields


class NewTokenSerializer(serializers.Serializer[Any]):
    """An API token to issue; without ``user_id`` it acts as the one who asks."""

    name = TextField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), allow_empty=False, max_length=len(SCOPES)
    )
    user_id = IdField(allow_null=True, default=None)
    expires_at = serializers.DateTimeField(allow_null=True, default=None)


class IssuedTokenSerializer(TokenSerializer):
    """A token just issued, with its secret, shown this once."""

    token = serializers.CharField(read_only=True, help_text="Shown this once. Send it as 'Authorization: Bearer …'.")

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class TenantSerializer(serializers.ModelSerializer[Tenant]):
    """The business."""

    id = IdField(read_only=True)

    class Meta:
        model = Tenant
        fields = ("id", "name", "currency", "timezone", "issue_policy", "backdating_limit_days")
        read_only_fields = fields


class BusinessSerializer(TenantSerializer):
    """The business, with how far a count may be off."""

    count_tolerance_units = QuantityField(
        read_only=True,
        allow_null=True,
        help_text="A larger difference of a counted line needs a second person. Null: none does.",
    )
    count_tolerance_value = MoneyField(read_only=True, allow_null=True, help_text="The same in money.")

    class Meta(TenantSerializer.Meta):
        fields = (*TenantSerializer.Meta.fields, "count_tolerance_units", "count_tolerance_value")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]


class BusinessChangesSerializer(serializers.Serializer[Any]):
    """What to change of the business. Its currency and its time zone are what its books are kept in, and stay."""

    name = TextField(max_length=TENANT_NAME_LIMIT, required=False)
    issue_policy = serializers.ChoiceField(choices=IssuePolicy.choices, required=False)
    backdating_limit_days = WholeNumberField(min_value=0, max_value=MAX_BACKDATING_DAYS, required=False)
    count_tolerance_units = QuantityField(required=False, allow_null=True, sign=Sign.NOT_NEGATIVE)
    count_tolerance_value = MoneyField(required=False, allow_null=True)


class RoleSerializer(serializers.Serializer[Any]):
    """A role at one outlet, or everywhere when ``outlet_id`` is null, and what may be done there with this login."""

    outlet_id = IdField(allow_null=True)
    role = serializers.ChoiceField(choices=ROLES)
    permissions = serializers.ListField(
        child=serializers.ChoiceField(choices=[permission.value for permission in Permission])
    )


class MeSerializer(serializers.Serializer[Any]):
    """Who is asking."""

    user_id = IdField()
    email = serializers.EmailField()
    name = serializers.CharField()
    channel = serializers.ChoiceField(choices=[channel.value for channel in Channel])
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), allow_null=True)
    roles = RoleSerializer(many=True)
    tenant = TenantSerializer()
