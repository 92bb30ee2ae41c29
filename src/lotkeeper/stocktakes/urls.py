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
from lotkeeper.stocktakes.pages import counting, deeds, listing, review

_INVENTORY = "api/v1/inventory/"
_API = f"{_INVENTORY}stock-takes/"
_ONE = f"{_API}<id:stock_take_id>/"
_LIST: dict[str, Any] = {"get": "list"}
_PAGE = "stock-takes/<id:stock_take_id>/"

urlpatterns = [
    path("stock-takes/", listing.take_list, name="take-list"),
    path("stock-takes/new/", listing.take_new, name="take-new"),
    # Below the address of the pages, for a browser keeps pages only for a script that stands there.
    path("stock-takes/offline.js", counting.count_worker, name="count-worker"),
    path(_PAGE, review.take_review, name="take-review"),
    path(f"{_PAGE}count/", counting.take_count, name="take-count"),
    path(f"{_PAGE}recount/", review.take_recount, name="take-recount"),
    path(f"{_PAGE}approve/", review.take_approve, name="take-approve"),
    *(
        path(f"{_PAGE}{deed}/", deeds.take_deed, {"deed": deed}, name=f"take-{deed}")
        for deed in ("complete", "reconcile", "cancel", "swap")
    ),
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
