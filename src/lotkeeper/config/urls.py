"""The front door: which address leads to which slice."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("lotkeeper.web.urls")),
    path("", include("lotkeeper.accounts.urls")),
    path("", include("lotkeeper.outlets.urls")),
    path("", include("lotkeeper.catalog.urls")),
    path("", include("lotkeeper.stock.urls")),
    path("", include("lotkeeper.transfers.urls")),
    path("", include("lotkeeper.stocktakes.urls")),
    path("", include("lotkeeper.dashboard.urls")),
]

handler400 = "lotkeeper.web.pages.bad_request"
handler403 = "lotkeeper.web.pages.permission_denied"
handler404 = "lotkeeper.web.pages.not_found"
handler500 = "lotkeeper.web.pages.server_error"
