"""Variations, packs and barcodes over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.catalog.api.base import CatalogEndpoint
from lotkeeper.catalog.api.filters import BarcodeFilter, VariationFilter
from lotkeeper.catalog.api.serializers import (
    BarcodeSerializer,
    NewBarcodeSerializer,
    NewPackSerializer,
    NewVariationOfProductSerializer,
    PackSerializer,
    VariationChangesSerializer,
    VariationSerializer,
    new_variation,
)
from lotkeeper.catalog.models import Barcode, ItemVariation, Pack
from lotkeeper.catalog.operations import (
    VariationFields,
    add_barcode,
    create_pack,
    create_variation,
    delete_pack,
    delete_variation,
    remove_barcode,
    update_variation,
)
from lotkeeper.catalog.queries import barcodes, get_variation, one_of, packs, variations


class VariationEndpoint(CatalogEndpoint):
    """The sizes, colours and strengths that are counted and sold."""

    queryset = ItemVariation.unscoped.none()
    serializer_class = VariationSerializer
    filterset_class = VariationFilter
    ordering = ("sku", "id")

    def list(self, request: Request) -> Response:
        """List the variations, by SKU."""
        return self.page_of(variations())

    def retrieve(self, request: Request, variation_id: int) -> Response:
        """Show a variation."""
        return self.shown(get_variation(variation_id))

    @extend_schema(request=NewVariationOfProductSerializer, responses={201: VariationSerializer})
    def create(self, request: Request) -> Response:
        """Add a variation to a product, with the barcodes of a single unit if they are known."""
        asked = self.body(NewVariationOfProductSerializer, request)
        product_id = asked.pop("product_id")
        new = new_variation(asked)
        variation = create_variation(
            actor=actor_of(request), product_id=product_id, details=new.details, barcodes=new.barcodes
        )
        return self.shown(variation, status=201)

    @extend_schema(request=VariationChangesSerializer)
    def partial_update(self, request: Request, variation_id: int) -> Response:
        """Change a variation's details, archive it, or take it back."""
        changes = VariationFields(**self.body(VariationChangesSerializer, request, partial=True))
        return self.shown(update_variation(actor=actor_of(request), variation_id=variation_id, changes=changes))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, variation_id: int) -> Response:
        """Delete a variation that was made by mistake; archive one that was ever in stock."""
        delete_variation(actor=actor_of(request), variation_id=variation_id)
        return Response(status=204)


class VariationPackEndpoint(CatalogEndpoint):
    """The packs of a variation."""

    queryset = Pack.unscoped.none()
    serializer_class = PackSerializer

    def list(self, request: Request, variation_id: int) -> Response:
        """List the packs of a variation."""
        return self.page_of(packs().filter(variation=get_variation(variation_id)))

    @extend_schema(request=NewPackSerializer, responses={201: PackSerializer})
    def create(self, request: Request, variation_id: int) -> Response:
        """Say how a variation is boxed."""
        asked = self.body(NewPackSerializer, request)
        return self.shown(create_pack(actor=actor_of(request), variation_id=variation_id, **asked), status=201)


class PackEndpoint(CatalogEndpoint):
    """A pack by itself."""

    queryset = Pack.unscoped.none()
    serializer_class = PackSerializer

    def retrieve(self, request: Request, pack_id: int) -> Response:
        """Show a pack."""
        return self.shown(one_of(packs(), pack_id, "pack"))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pack_id: int) -> Response:
        """Delete a pack that carries no barcode."""
        delete_pack(actor=actor_of(request), pack_id=pack_id)
        return Response(status=204)


class VariationBarcodeEndpoint(CatalogEndpoint):
    """The barcodes of a variation."""

    queryset = Barcode.unscoped.none()
    serializer_class = BarcodeSerializer

    def list(self, request: Request, variation_id: int) -> Response:
        """List the barcodes of a variation."""
        return self.page_of(barcodes().filter(variation=get_variation(variation_id)))

    @extend_schema(request=NewBarcodeSerializer, responses={201: BarcodeSerializer})
    def create(self, request: Request, variation_id: int) -> Response:
        """Put a barcode on a variation, or on one of its packs."""
        asked = self.body(NewBarcodeSerializer, request)
        return self.shown(add_barcode(actor=actor_of(request), variation_id=variation_id, **asked), status=201)


class BarcodeEndpoint(CatalogEndpoint):
    """All barcodes of the business."""

    queryset = Barcode.unscoped.none()
    serializer_class = BarcodeSerializer
    filterset_class = BarcodeFilter

    def list(self, request: Request) -> Response:
        """List the barcodes."""
        return self.page_of(barcodes())

    def retrieve(self, request: Request, barcode_id: int) -> Response:
        """Show a barcode."""
        return self.shown(one_of(barcodes(), barcode_id, "barcode"))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, barcode_id: int) -> Response:
        """Take a barcode off its variation."""
        remove_barcode(actor=actor_of(request), barcode_id=barcode_id)
        return Response(status=204)
