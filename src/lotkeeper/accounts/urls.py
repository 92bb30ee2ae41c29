"""Addresses of logging in, and of users and tokens."""

from __future__ import annotations

from allauth.mfa.totp.views import activate_totp
from csp.decorators import csp_update
from django.urls import include, path

from lotkeeper.accounts.api import BusinessEndpoint, MembershipsEndpoint, MeView, TokensEndpoint, UsersEndpoint
from lotkeeper.accounts.pages import tokens

users = UsersEndpoint.as_view({"get": "list", "post": "create"})
user = UsersEndpoint.as_view({"get": "retrieve", "patch": "partial_update"})
memberships = MembershipsEndpoint.as_view({"get": "list", "post": "grant"})

urlpatterns = [
    # The code to scan is drawn into the page itself.
    path("accounts/2fa/totp/activate/", csp_update({"img-src": ["data:"]})(activate_totp)),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("api/v1/me/", MeView.as_view(), name="me"),
    path(
        "api/v1/business/",
        BusinessEndpoint.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="business",
    ),
    path("api/v1/users/", users, name="users"),
    path("api/v1/users/<id:user_id>/", user, name="user"),
    path("api/v1/users/<id:user_id>/password/", UsersEndpoint.as_view({"put": "set_password"}), name="user-password"),
    path(
        "api/v1/users/<id:user_id>/deactivate/", UsersEndpoint.as_view({"post": "deactivate"}), name="user-deactivate"
    ),
    path(
        "api/v1/users/<id:user_id>/reactivate/", UsersEndpoint.as_view({"post": "reactivate"}), name="user-reactivate"
    ),
    path("api/v1/users/<id:user_id>/memberships/", memberships, name="memberships"),
    path(
        "api/v1/users/<id:user_id>/memberships/<id:membership_id>/",
        MembershipsEndpoint.as_view({"delete": "destroy"}),
        name="membership",
    ),
    path("api/v1/tokens/", TokensEndpoint.as_view({"get": "list", "post": "create"}), name="tokens"),
    path("api/v1/tokens/<id:token_id>/", TokensEndpoint.as_view({"delete": "destroy"}), name="token"),
    path("tokens/", tokens.tokens, name="token-page"),
    path("tokens/<id:token_id>/revoke/", tokens.token_revoke, name="token-revoke"),
]
