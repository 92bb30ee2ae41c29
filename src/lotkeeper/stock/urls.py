"""Addresses of stock."""

from __future__ import annotations

from django.urls import path

from lotkeeper.stock.api.batches import BatchChangeEndpoint, BatchEndpoint
from lotkeeper.stock.api.deduct import DeductView
from lotkeeper.stock.api.history import MovementEndpoint, OperationEndpoint, StockEndpoint
from lotkeeper.stock.api.postings import PostingsEndpoint
from lotkeeper.stock.api.reservations import ReservationEndpoint
from lotkeeper.stock.pages import adjust, batches, integrity, listing, product, receive, sell

_API = "api/v1/inventory/"
_BATCH = f"{_API}batches/<id:batch_id>/"
_RESERVATION = f"{_API}reservations/<id:reservation_id>/"

urlpatterns = [
    path(f"{_API}deduct/", DeductView.as_view(), name="deduct"),
    path(f"{_API}receive/", PostingsEndpoint.as_view({"post": "receive"}), name="receive"),
    path(f"{_API}adjust/", PostingsEndpoint.as_view({"post": "adjust"}), name="adjust"),
    path(f"{_API}write-off/", PostingsEndpoint.as_view({"post": "write_off"}), name="write-off"),
    path(f"{_API}returns/", PostingsEndpoint.as_view({"post": "give_back"}), name="returns"),
    path(f"{_API}reversals/", PostingsEndpoint.as_view({"post": "reverse"}), name="reversals"),
    path(f"{_API}batches/", BatchEndpoint.as_view({"get": "list"}), name="batches"),
    path(_BATCH, BatchEndpoint.as_view({"get": "retrieve"}), name="batch"),
    path(f"{_BATCH}amend/", BatchChangeEndpoint.as_view({"post": "amend"}), name="batch-amend"),
    path(f"{_BATCH}hold/", BatchChangeEndpoint.as_view({"post": "hold"}), name="batch-hold"),
    path(f"{_BATCH}release/", BatchChangeEndpoint.as_view({"post": "release"}), name="batch-release"),
    path(f"{_BATCH}archive/", BatchChangeEndpoint.as_view({"post": "archive"}), name="batch-archive"),
    path(f"{_API}reservations/", ReservationEndpoint.as_view({"get": "list", "post": "create"}), name="reservations"),
    path(_RESERVATION, ReservationEndpoint.as_view({"get": "retrieve"}), name="reservation"),
    path(f"{_RESERVATION}commit/", ReservationEndpoint.as_view({"post": "commit"}), name="reservation-commit"),
    path(f"{_RESERVATION}release/", ReservationEndpoint.as_view({"post": "release"}), name="reservation-release"),
    path(f"{_API}stock/", StockEndpoint.as_view({"get": "list"}), name="stock"),
    path(f"{_API}movements/", MovementEndpoint.as_view({"get": "list"}), name="movements"),
    path(f"{_API}operations/<id:operation_id>/", OperationEndpoint.as_view({"get": "retrieve"}), name="operation"),
    path("stock/", listing.stock_list, name="stock-list"),
    path("stock/<id:variation_id>/", product.stock_product, name="stock-product"),
    path("stock/<id:variation_id>/statement/", product.statement, name="stock-statement"),
    path("stock/lots/<id:batch_id>/hold/", batches.batch_deed, {"deed": "hold"}, name="batch-hold-page"),
    path("stock/lots/<id:batch_id>/release/", batches.batch_deed, {"deed": "release"}, name="batch-release-page"),
    path("stock/lots/<id:batch_id>/amend/", batches.batch_deed, {"deed": "amend"}, name="batch-amend-page"),
    path("receive/", receive.ReceivePage.as_view(), name="receive-page"),
    path("sell/", sell.SellPage.as_view(), name="sell-page"),
    path("adjust/", adjust.AdjustPage.as_view(), name="adjust-page"),
    path("integrity/", integrity.integrity, name="integrity"),
]
