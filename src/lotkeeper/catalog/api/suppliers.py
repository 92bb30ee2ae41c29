"""Suppliers over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.catalog.api.base import CatalogEndpoint
from lotkeeper.catalog.api.serializers import SupplierDetailsSerializer, SupplierSerializer
from lotkeeper.catalog.models import Supplier
from lotkeeper.catalog.operations import create_supplier, delete_supplier, rename_supplier
from lotkeeper.catalog.queries import one_of, suppliers


class SupplierEndpoint(CatalogEndpoint):
    """Whom the shop buys from."""

    queryset = Supplier.unscoped.none()
    serializer_class = SupplierSerializer
    filter_backends = ()
    ordering = ("name", "id")

    def list(self, request: Request) -> Response:
        """List the suppliers, by name."""
        return self.page_of(suppliers())

    def retrieve(self, request: Request, supplier_id: int) -> Response:
        """Show a supplier."""
        return self.shown(one_of(suppliers(), supplier_id, "supplier"))

    @extend_schema(request=SupplierDetailsSerializer, responses={201: SupplierSerializer})
    def create(self, request: Request) -> Response:
        """Note whom the shop buys from."""
        asked = self.body(SupplierDetailsSerializer, request)
        return self.shown(create_supplier(actor=actor_of(request), name=asked["name"]), status=201)

    @extend_schema(request=SupplierDetailsSerializer)
    def partial_update(self, request: Request, supplier_id: int) -> Response:
        """Give a supplier another name."""
        asked = self.body(SupplierDetailsSerializer, request)
        return self.shown(rename_supplier(actor=actor_of(request), supplier_id=supplier_id, name=asked["name"]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, supplier_id: int) -> Response:
        """Delete a supplier that no product and no stock take names."""
        delete_supplier(actor=actor_of(request), supplier_id=supplier_id)
        return Response(status=204)
