"""Addresses that belong to no subject."""

from __future__ import annotations

from django.urls import path

from lotkeeper.web import api_docs, pages

urlpatterns = [
    path("healthz", pages.health, name="health"),
    path("api/schema/", api_docs.SchemaView.as_view(), name="schema"),
    path("api/docs", api_docs.docs, name="api-docs"),
]
