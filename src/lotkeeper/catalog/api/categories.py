"""Categories over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.catalog.api.base import CatalogEndpoint
from lotkeeper.catalog.api.filters import CategoryFilter
from lotkeeper.catalog.api.serializers import CategoryDetailsSerializer, CategorySerializer
from lotkeeper.catalog.models import Category
from lotkeeper.catalog.operations import create_category, delete_category, update_category
from lotkeeper.catalog.queries import categories, one_of


class CategoryEndpoint(CatalogEndpoint):
    """The tree of categories."""

    queryset = Category.unscoped.none()
    serializer_class = CategorySerializer
    filterset_class = CategoryFilter
    ordering = ("name", "id")

    def list(self, request: Request) -> Response:
        """List the categories, by name."""
        return self.page_of(categories())

    def retrieve(self, request: Request, category_id: int) -> Response:
        """Show a category."""
        return self.shown(one_of(categories(), category_id, "category"))

    @extend_schema(request=CategoryDetailsSerializer, responses={201: CategorySerializer})
    def create(self, request: Request) -> Response:
        """Make a category."""
        asked = self.body(CategoryDetailsSerializer, request)
        return self.shown(create_category(actor=actor_of(request), **asked), status=201)

    @extend_schema(request=CategoryDetailsSerializer)
    def partial_update(self, request: Request, category_id: int) -> Response:
        """Rename a category, or move it with all below it."""
        asked = self.body(CategoryDetailsSerializer, request, partial=True)
        return self.shown(update_category(actor=actor_of(request), category_id=category_id, **asked))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, category_id: int) -> Response:
        """Delete a category that holds nothing."""
        delete_category(actor=actor_of(request), category_id=category_id)
        return Response(status=204)
