"""Addresses of the catalogue."""

from __future__ import annotations

from typing import Any

from django.urls import path

from lotkeeper.catalog.api.categories import CategoryEndpoint
from lotkeeper.catalog.api.lookup import LookupEndpoint
from lotkeeper.catalog.api.products import ProductEndpoint, ProductImageEndpoint
from lotkeeper.catalog.api.suppliers import SupplierEndpoint
from lotkeeper.catalog.api.variations import (
    BarcodeEndpoint,
    PackEndpoint,
    VariationBarcodeEndpoint,
    VariationEndpoint,
    VariationPackEndpoint,
)
from lotkeeper.catalog.pages import pictures, products, variations

_LIST: dict[str, Any] = {"get": "list", "post": "create"}
_ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
_FIXED: dict[str, Any] = {"get": "retrieve", "delete": "destroy"}
_API = "api/v1/"

urlpatterns = [
    path(f"{_API}categories/", CategoryEndpoint.as_view(_LIST), name="categories"),
    path(f"{_API}categories/<id:category_id>/", CategoryEndpoint.as_view(_ONE), name="category"),
    path(f"{_API}suppliers/", SupplierEndpoint.as_view(_LIST), name="suppliers"),
    path(f"{_API}suppliers/<id:supplier_id>/", SupplierEndpoint.as_view(_ONE), name="supplier"),
    path(f"{_API}products/", ProductEndpoint.as_view(_LIST), name="products"),
    path(f"{_API}products/<id:product_id>/", ProductEndpoint.as_view(_ONE), name="product"),
    path(
        f"{_API}products/<id:product_id>/image/",
        ProductImageEndpoint.as_view({"put": "update", "delete": "destroy"}),
        name="product-image",
    ),
    path(f"{_API}variations/", VariationEndpoint.as_view(_LIST), name="variations"),
    path(f"{_API}variations/<id:variation_id>/", VariationEndpoint.as_view(_ONE), name="variation"),
    path(
        f"{_API}variations/<id:variation_id>/barcodes/",
        VariationBarcodeEndpoint.as_view(_LIST),
        name="variation-barcodes",
    ),
    path(f"{_API}variations/<id:variation_id>/packs/", VariationPackEndpoint.as_view(_LIST), name="variation-packs"),
    path(f"{_API}packs/<id:pack_id>/", PackEndpoint.as_view(_FIXED), name="pack"),
    path(f"{_API}barcodes/", BarcodeEndpoint.as_view({"get": "list"}), name="barcodes"),
    path(f"{_API}barcodes/<id:barcode_id>/", BarcodeEndpoint.as_view(_FIXED), name="barcode"),
    path(f"{_API}lookup/", LookupEndpoint.as_view({"get": "look_up"}), name="lookup"),
    path("media/products/<id:tenant_id>/<slug:name>.webp", pictures.product_image, name="product-picture"),
    path("products/", products.product_list, name="product-list"),
    path("products/new/", products.product_new, name="product-new"),
    path("products/<id:product_id>/", products.product_page, name="product-page"),
    path("products/<id:product_id>/picture/", products.product_picture, name="product-picture-page"),
    path("products/<id:product_id>/picture/remove/", products.product_picture_remove, name="product-picture-remove"),
    path("products/<id:product_id>/archive/", products.product_archive, name="product-archive"),
    path("products/<id:product_id>/variations/new/", variations.variation_new, name="variation-new"),
    path("products/variations/<id:variation_id>/", variations.variation_page, name="variation-page"),
    path("products/variations/<id:variation_id>/barcodes/", variations.barcode_add, name="barcode-add"),
    path("products/barcodes/<id:barcode_id>/remove/", variations.barcode_remove, name="barcode-remove"),
]
