"""Addresses of stock takes."""

from __future__ import annotations

from django.urls import path

from lotkeeper.stocktakes.api.explanations import ExplanationsEndpoint, SwapEndpoint
from lotkeeper.stocktakes.api.proposals import CountNextEndpoint

_API = "api/v1/inventory/"
_TAKE = f"{_API}stock-takes/<id:stock_take_id>/"

urlpatterns = [
    path(f"{_TAKE}explanations/", ExplanationsEndpoint.as_view({"get": "list"}), name="stock-take-explanations"),
    path(f"{_TAKE}swap/", SwapEndpoint.as_view({"post": "swap"}), name="stock-take-swap"),
    path(f"{_API}count-next/", CountNextEndpoint.as_view({"get": "retrieve"}), name="count-next"),
]
