"""Addresses of outlets, of the set-up and of the front page."""

from __future__ import annotations

from django.urls import path

from lotkeeper.outlets import pages
from lotkeeper.outlets.api import OutletsEndpoint

outlets = OutletsEndpoint.as_view({"get": "list", "post": "create"})
outlet = OutletsEndpoint.as_view({"get": "retrieve", "patch": "partial_update"})

urlpatterns = [
    path("", pages.home, name="home"),
    path("setup/<str:token>/", pages.setup, name="setup"),
    path("api/v1/outlets/", outlets, name="outlets"),
    path("api/v1/outlets/<id:outlet_id>/", outlet, name="outlet"),
    path(
        "api/v1/outlets/<id:outlet_id>/deactivate/",
        OutletsEndpoint.as_view({"post": "deactivate"}),
        name="outlet-deactivate",
    ),
    path(
        "api/v1/outlets/<id:outlet_id>/reactivate/",
        OutletsEndpoint.as_view({"post": "reactivate"}),
        name="outlet-reactivate",
    ),
]
