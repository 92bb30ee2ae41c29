"""Addresses of stock takes."""

from __future__ import annotations

from typing import Any

from django.urls import path

from lotkeeper.stocktakes.api.explanations import ExplanationsEndpoint, SwapEndpoint
from lotkeeper.stocktakes.api.lines import (
    CountScanEndpoint,
    ObservationEndpoint,
    StockTakeLineEndpoint,
    ToCountEndpoint,
)
from lotkeeper.stocktakes.api.proposals import CountNextEndpoint
from lotkeeper.stocktakes.api.takes import StockTakeEndpoint

_INVENTORY = "api/v1/inventory/"
_API = f"{_INVENTORY}stock-takes/"
_ONE = f"{_API}<id:stock_take_id>/"
_LIST: dict[str, Any] = {"get": "list"}

urlpatterns = [
    path(_API, StockTakeEndpoint.as_view({"get": "list", "post": "create"}), name="stock-takes"),
    path(_ONE, StockTakeEndpoint.as_view({"get": "retrieve", "patch": "note"}), name="stock-take"),
    *(
        path(f"{_ONE}{verb}/", StockTakeEndpoint.as_view({"post": verb}), name=f"stock-take-{verb}")
        for verb in ("count", "recount", "complete", "approve", "cancel")
    ),
    path(
        f"{_ONE}reconcile/",
        StockTakeEndpoint.as_view({"post": "reconcile", "patch": "reconcile"}),
        name="stock-take-reconcile",
    ),
    path(f"{_ONE}lines/", StockTakeLineEndpoint.as_view(_LIST), name="stock-take-lines"),
    path(f"{_ONE}to-count/", ToCountEndpoint.as_view(_LIST), name="stock-take-to-count"),
    path(f"{_ONE}observations/", ObservationEndpoint.as_view(_LIST), name="stock-take-observations"),
    path(f"{_ONE}lookup/", CountScanEndpoint.as_view({"get": "look_up"}), name="stock-take-lookup"),
    path(f"{_ONE}explanations/", ExplanationsEndpoint.as_view(_LIST), name="stock-take-explanations"),
    path(f"{_ONE}swap/", SwapEndpoint.as_view({"post": "swap"}), name="stock-take-swap"),
    path(f"{_INVENTORY}count-next/", CountNextEndpoint.as_view({"get": "retrieve"}), name="count-next"),
]
