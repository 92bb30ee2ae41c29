"""Addresses of stock."""

from __future__ import annotations

from django.urls import path

from lotkeeper.stock.api.deduct import DeductView

_API = "api/v1/inventory/"

urlpatterns = [
    path(f"{_API}deduct/", DeductView.as_view(), name="deduct"),
]
