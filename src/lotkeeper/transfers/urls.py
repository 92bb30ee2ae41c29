"""Addresses of transfers."""

from __future__ import annotations

from django.urls import path

from lotkeeper.transfers import pages
from lotkeeper.transfers.api import TransferEndpoint

_API = "api/v1/inventory/transfers/"

urlpatterns = [
    path("transfers/", pages.transfer_list, name="transfer-list"),
    path("transfers/new/", pages.SendPage.as_view(), name="transfer-new"),
    path("transfers/<id:transfer_id>/", pages.transfer_page, name="transfer-page"),
    path(_API, TransferEndpoint.as_view({"get": "list", "post": "create"}), name="transfers"),
    path(f"{_API}<id:transfer_id>/", TransferEndpoint.as_view({"get": "retrieve"}), name="transfer"),
    path(f"{_API}<id:transfer_id>/receive/", TransferEndpoint.as_view({"post": "receive"}), name="transfer-receive"),
]
