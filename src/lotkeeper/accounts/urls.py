"""Addresses of logging in, and of users and tokens."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/", include("allauth.account.urls")),
]
