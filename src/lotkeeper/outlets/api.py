"""Outlets over HTTP: each view translates, and makes one call."""

from __future__ import annotations

from typing import Any

import django_filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.outlets import queries
from lotkeeper.outlets.models import Outlet
from lotkeeper.outlets.operations import outlets
from lotkeeper.web.api import Endpoint, IdField, TextField


class OutletSerializer(serializers.ModelSerializer[Outlet]):
    """An outlet: a place that holds stock."""

    id = IdField(read_only=True)

    class Meta:
        model = Outlet
        fields = ("id", "name", "timezone", "address", "is_active")
        read_only_fields = fields


class NewOutletSerializer(serializers.Serializer[Any]):
    """An outlet to open."""

    name = TextField(max_length=120)
    timezone = TextField(max_length=63, help_text="IANA name, such as Africa/Nairobi.")
    address = TextField(max_length=1000, allow_blank=True, default="")


class OutletChangesSerializer(serializers.Serializer[Any]):
    """What to change of an outlet."""

    name = TextField(max_length=120, required=False)
    timezone = TextField(max_length=63, required=False)
    address = TextField(max_length=1000, allow_blank=True, required=False)


class OutletFilter(django_filters.FilterSet):
    """Which outlets to list."""

    is_active = django_filters.BooleanFilter()

    class Meta:
        model = Outlet
        fields = ("is_active",)


class OutletsEndpoint(Endpoint):
    """The outlets of the business. Everybody sees theirs; owners change them."""

    queryset = Outlet.unscoped.none()
    serializer_class = OutletSerializer
    filterset_class = OutletFilter
    ordering = "name"

    @extend_schema(operation_id="outlets_list")
    def list(self, request: Request) -> Response:
        """The outlets that the one who asks may see, by name."""
        return self.page_of(queries.outlets_of(actor_of(request)))

    @extend_schema(operation_id="outlets_get")
    def retrieve(self, request: Request, outlet_id: int) -> Response:
        """One outlet."""
        return self.shown(queries.outlet_for(actor_of(request), outlet_id))

    @extend_schema(operation_id="outlets_create", request=NewOutletSerializer, responses={201: OutletSerializer})
    def create(self, request: Request) -> Response:
        """Open an outlet."""
        body = self.body(NewOutletSerializer, request)
        outlet = outlets.create_outlet(
            actor=actor_of(request), name=body["name"], timezone=body["timezone"], address=body["address"]
        )
        return self.shown(outlet, status=201)

    @extend_schema(operation_id="outlets_update", request=OutletChangesSerializer)
    def partial_update(self, request: Request, outlet_id: int) -> Response:
        """Change an outlet's name, time zone or address."""
        changes = outlets.OutletChanges(**self.body(OutletChangesSerializer, request))
        return self.shown(outlets.update_outlet(actor=actor_of(request), outlet_id=outlet_id, changes=changes))

    @extend_schema(operation_id="outlets_deactivate", request=None)
    def deactivate(self, request: Request, outlet_id: int) -> Response:
        """Close an outlet; its history stays."""
        return self.shown(outlets.deactivate_outlet(actor=actor_of(request), outlet_id=outlet_id))

    @extend_schema(operation_id="outlets_reactivate", request=None)
    def reactivate(self, request: Request, outlet_id: int) -> Response:
        """Open a closed outlet again."""
        return self.shown(outlets.reactivate_outlet(actor=actor_of(request), outlet_id=outlet_id))
