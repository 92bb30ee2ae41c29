"""What the API views of every slice start from."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from lotkeeper.web.fields import IdField, MoneyField, QuantityField, SwitchField, TextField, WholeNumberField
from lotkeeper.web.pagination import KeysetPagination
from lotkeeper.web.parsing import StrictJSONParser
from lotkeeper.web.query_parameters import refuse_unknown_parameters
from lotkeeper.web.rendering import NumberJSONRenderer

__all__ = [
    "Endpoint",
    "IdField",
    "KeysetPagination",
    "MoneyField",
    "NumberJSONRenderer",
    "QuantityField",
    "StrictJSONParser",
    "SwitchField",
    "TextField",
    "WholeNumberField",
    "checked",
]


def checked(serializer: BaseSerializer[Any]) -> Any:
    """The values of a request after its serializer looked at them; refused if they are not valid."""
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class Endpoint(GenericViewSet[Any]):
    """A set of API views that translate: each reads the request, makes one call, and shows the answer.

    ``serializer_class`` shows one row; ``ordering`` names the order of the list, by fields that are never null.
    """

    ordering: str | tuple[str, ...] = "id"
    # No OPTIONS: the OpenAPI document describes each address, and DRF's own description fails on some.
    http_method_names = ("get", "post", "put", "patch", "delete", "head")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse, once it is known who asks, a question that cannot be asked here."""
        super().initial(request, *args, **kwargs)
        if request.method in SAFE_METHODS:
            refuse_unknown_parameters(request)

    def page_of(self, rows: QuerySet[Any]) -> Response:
        """One page of a list, filtered as the request asks."""
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def shown(self, row: Model | object, status: int = 200) -> Response:
        """One row as the answer."""
        return Response(self.get_serializer(row).data, status=status)

    def body(self, serializer_class: type[BaseSerializer[Any]], request: Request, **options: Any) -> Any:
        """The request's body after ``serializer_class`` looked at it."""
        return checked(serializer_class(data=request.data, context=self.get_serializer_context(), **options))
