"""Addresses of outlets, and of the set-up."""

from __future__ import annotations

from django.urls import path

from lotkeeper.outlets.api import OutletsEndpoint
from lotkeeper.outlets.pages import people, places, setup

outlets = OutletsEndpoint.as_view({"get": "list", "post": "create"})
outlet = OutletsEndpoint.as_view({"get": "retrieve", "patch": "partial_update"})

urlpatterns = [
    path("setup/<str:token>/", setup.setup, name="setup"),
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
    path("outlets/", places.outlet_list, name="outlet-list"),
    path("outlets/new/", places.outlet_new, name="outlet-new"),
    path("outlets/<id:outlet_id>/", places.outlet_page, name="outlet-page"),
    path("outlets/<id:outlet_id>/open/", places.outlet_open, name="outlet-open"),
    path("people/", people.people_list, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<id:user_id>/", people.person_page, name="person"),
    path("people/<id:user_id>/access/", people.person_access, name="person-access"),
    path("people/<id:user_id>/roles/<id:membership_id>/remove/", people.role_remove, name="role-remove"),
]
