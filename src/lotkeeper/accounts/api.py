"""Users, roles and tokens over HTTP: each view translates, and makes one call."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from lotkeeper.accounts import queries
from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.models import ApiToken, Tenant, User
from lotkeeper.accounts.operations import tokens, users
from lotkeeper.accounts.operations.business import BusinessChanges, change_business
from lotkeeper.accounts.policies import Actor, Permission, Role, Scope
from lotkeeper.accounts.serializers import (
    BusinessChangesSerializer,
    BusinessSerializer,
    GrantSerializer,
    IssuedTokenSerializer,
    MembershipSerializer,
    MeSerializer,
    NewTokenSerializer,
    NewUserSerializer,
    PasswordSerializer,
    TokenSerializer,
    UserNameSerializer,
    UserSerializer,
)
from lotkeeper.web.api import Endpoint


class MeView(APIView):
    """Who is asking, at which business, and what they may do."""

    http_method_names = ("get", "head")

    @extend_schema(operation_id="me", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """Who is asking, at which business, and what they may do where."""
        actor = actor_of(request)
        person = queries.person_of(actor)
        me = {
            "user_id": person.pk,
            "email": person.email,
            "name": person.name,
            "channel": actor.channel.value,
            "scopes": None if actor.scopes is None else sorted(scope.value for scope in actor.scopes),
            "roles": _roles_of(actor),
            "tenant": queries.tenant_of(actor),
        }
        return Response(MeSerializer(me).data)


def _roles_of(actor: Actor) -> list[dict[str, Any]]:
    return [
        {
            "outlet_id": outlet_id,
            "role": role.value,
            "permissions": [permission.value for permission in Permission if actor.may(permission, outlet_id)],
        }
        for outlet_id, role in actor.roles.items()
    ]


class BusinessEndpoint(Endpoint):
    """The business and its rules. Everybody sees them; owners change them."""

    queryset = Tenant.objects.none()
    serializer_class = BusinessSerializer
    pagination_class = None

    @extend_schema(operation_id="business_get")
    def retrieve(self, request: Request) -> Response:
        """The business and its rules."""
        return self.shown(queries.tenant_of(actor_of(request)))

    @extend_schema(operation_id="business_change", request=BusinessChangesSerializer)
    def partial_update(self, request: Request) -> Response:
        """Change the name or the rules of the business."""
        changes = BusinessChanges(**self.body(BusinessChangesSerializer, request))
        return self.shown(change_business(actor=actor_of(request), changes=changes))


class UsersEndpoint(Endpoint):
    """The people of the business. For owners."""

    queryset = User.objects.none()
    serializer_class = UserSerializer
    ordering = "email"

    @extend_schema(operation_id="users_list")
    def list(self, request: Request) -> Response:
        """The people of the business, by address."""
        return self.page_of(queries.users_of(actor_of(request)))

    @extend_schema(operation_id="users_get")
    def retrieve(self, request: Request, user_id: int) -> Response:
        """One person."""
        return self.shown(queries.user_for(actor_of(request), user_id))

    @extend_schema(operation_id="users_create", request=NewUserSerializer, responses={201: UserSerializer})
    def create(self, request: Request) -> Response:
        """Let a person in, with one role to begin with."""
        body = self.body(NewUserSerializer, request)
        user = users.create_user(
            actor=actor_of(request),
            email=body["email"],
            name=body["name"],
            password=body["password"],
            role=Role(body["role"]),
            outlet_id=body["outlet_id"],
        )
        return self.shown(user, status=201)

    @extend_schema(operation_id="users_rename", request=UserNameSerializer)
    def partial_update(self, request: Request, user_id: int) -> Response:
        """Change a person's name."""
        body = self.body(UserNameSerializer, request)
        return self.shown(users.rename_user(actor=actor_of(request), user_id=user_id, name=body["name"]))

    @extend_schema(operation_id="users_set_password", request=PasswordSerializer)
    def set_password(self, request: Request, user_id: int) -> Response:
        """Give a person a new password; it ends their sessions."""
        body = self.body(PasswordSerializer, request)
        return self.shown(users.set_password(actor=actor_of(request), user_id=user_id, password=body["password"]))

    @extend_schema(operation_id="users_deactivate", request=None)
    def deactivate(self, request: Request, user_id: int) -> Response:
        """Close a person's access; what they did stays."""
        return self.shown(users.deactivate_user(actor=actor_of(request), user_id=user_id))

    @extend_schema(operation_id="users_reactivate", request=None)
    def reactivate(self, request: Request, user_id: int) -> Response:
        """Let a person in again."""
        return self.shown(users.reactivate_user(actor=actor_of(request), user_id=user_id))


class MembershipsEndpoint(Endpoint):
    """One person's roles. For owners."""

    queryset = User.objects.none()
    serializer_class = MembershipSerializer

    @extend_schema(operation_id="memberships_list")
    def list(self, request: Request, user_id: int) -> Response:
        """A person's roles."""
        return self.page_of(queries.memberships_of(actor_of(request), user_id))

    @extend_schema(operation_id="memberships_grant", request=GrantSerializer, responses={200: MembershipSerializer})
    def grant(self, request: Request, user_id: int) -> Response:
        """Give a person a role at an outlet, or everywhere; another role they had there is replaced."""
        body = self.body(GrantSerializer, request)
        membership = users.grant_membership(
            actor=actor_of(request), user_id=user_id, role=Role(body["role"]), outlet_id=body["outlet_id"]
        )
        return self.shown(membership)

    @extend_schema(operation_id="memberships_remove")
    def destroy(self, request: Request, user_id: int, membership_id: int) -> Response:
        """Take a role from a person."""
        users.remove_membership(actor=actor_of(request), user_id=user_id, membership_id=membership_id)
        return Response(status=204)


class TokensEndpoint(Endpoint):
    """The API tokens of the business. For owners."""

    queryset = ApiToken.unscoped.none()
    serializer_class = TokenSerializer
    ordering = "-created_at"

    @extend_schema(operation_id="tokens_list")
    def list(self, request: Request) -> Response:
        """The API tokens, newest first, without their secrets."""
        return self.page_of(queries.tokens_of(actor_of(request)))

    @extend_schema(operation_id="tokens_issue", request=NewTokenSerializer, responses={201: IssuedTokenSerializer})
    def create(self, request: Request) -> Response:
        """Issue a token; its secret is in the answer, this once."""
        body = self.body(NewTokenSerializer, request)
        issued = tokens.issue_token(
            actor=actor_of(request),
            name=body["name"],
            scopes={Scope(scope) for scope in body["scopes"]},
            now=timezone.now(),
            user_id=body["user_id"],
            expires_at=body["expires_at"],
        )
        return Response({**TokenSerializer(issued.token).data, "token": issued.plain}, status=201)

    @extend_schema(operation_id="tokens_revoke")
    def destroy(self, request: Request, token_id: int) -> Response:
        """Make a token stop working, at once and for good."""
        tokens.revoke_token(actor=actor_of(request), token_id=token_id, now=timezone.now())
        return Response(status=204)
