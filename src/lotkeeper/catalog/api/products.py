"""Products and their pictures over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.catalog.api.base import CatalogEndpoint
from lotkeeper.catalog.api.filters import ProductFilter
from lotkeeper.catalog.api.serializers import (
    NewProductSerializer,
    ProductChangesSerializer,
    ProductSerializer,
    new_variation,
)
from lotkeeper.catalog.models import Product
from lotkeeper.catalog.operations import (
    ProductFields,
    create_product,
    delete_product,
    remove_product_image,
    set_product_image,
    update_product,
)
from lotkeeper.catalog.operations.images import MAX_FILE_BYTES
from lotkeeper.catalog.queries import one_of, products
from lotkeeper.core.errors import InvalidRequest

_IMAGE_REQUEST = {
    "multipart/form-data": {
        "type": "object",
        "required": ["image"],
        "properties": {"image": {"type": "string", "format": "binary"}},
    }
}


class ProductEndpoint(CatalogEndpoint):
    """What the shop sells."""

    queryset = Product.unscoped.none()
    serializer_class = ProductSerializer
    filterset_class = ProductFilter
    ordering = ("name", "id")

    def list(self, request: Request) -> Response:
        """List the products, by name."""
        return self.page_of(products())

    def retrieve(self, request: Request, product_id: int) -> Response:
        """Show a product."""
        return self.shown(one_of(products(), product_id, "product"))

    @extend_schema(request=NewProductSerializer, responses={201: ProductSerializer})
    def create(self, request: Request) -> Response:
        """Make a product, with its first variations and their barcodes if they are known."""
        asked = self.body(NewProductSerializer, request)
        variations = [new_variation(values) for values in asked.pop("variations", ())]
        product = create_product(actor=actor_of(request), details=ProductFields(**asked), variations=variations)
        return self.shown(product, status=201)

    @extend_schema(request=ProductChangesSerializer)
    def partial_update(self, request: Request, product_id: int) -> Response:
        """Change a product's details, archive it, or take it back."""
        changes = ProductFields(**self.body(ProductChangesSerializer, request, partial=True))
        return self.shown(update_product(actor=actor_of(request), product_id=product_id, changes=changes))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, product_id: int) -> Response:
        """Delete a product without variations; archive one that has them."""
        delete_product(actor=actor_of(request), product_id=product_id)
        return Response(status=204)


class ProductImageEndpoint(CatalogEndpoint):
    """A product's picture, which is optional."""

    queryset = Product.unscoped.none()
    serializer_class = ProductSerializer
    parser_classes = (MultiPartParser,)

    @extend_schema(request=_IMAGE_REQUEST, responses={200: ProductSerializer})
    def update(self, request: Request, product_id: int) -> Response:
        """Give a product a picture: JPEG, PNG, WebP or GIF, at most 10 MB and 40 megapixels. It is kept as WebP."""
        upload = request.FILES.get("image")
        if upload is None:
            raise InvalidRequest({"image": ["Send the picture as a file in the form field 'image'."]})
        # One byte over the limit is enough to refuse it.
        content = upload.read(MAX_FILE_BYTES + 1)
        return self.shown(set_product_image(actor=actor_of(request), product_id=product_id, content=content))

    @extend_schema(responses={200: ProductSerializer})
    def destroy(self, request: Request, product_id: int) -> Response:
        """Take a product's picture away."""
        return self.shown(remove_product_image(actor=actor_of(request), product_id=product_id))
