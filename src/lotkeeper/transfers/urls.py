"""Addresses of transfers."""

from __future__ import annotations

from django.urls import path

from lotkeeper.transfers.api import TransferEndpoint

_API = "api/v1/inventory/transfers/"

urlpatterns = [
    path(_API, TransferEndpoint.as_view({"get": "list", "post": "create"}), name="transfers"),
    path(f"{_API}<id:transfer_id>/", TransferEndpoint.as_view({"get": "retrieve"}), name="transfer"),
    path(f"{_API}<id:transfer_id>/receive/", TransferEndpoint.as_view({"post": "receive"}), name="transfer-receive"),
]
