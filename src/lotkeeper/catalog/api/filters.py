"""What the catalogue's lists can be narrowed down by. A value that makes no sense is refused, never ignored."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field

from lotkeeper.catalog.models import Barcode, Category, ItemVariation, Product
from lotkeeper.catalog.policies import MAX_SCAN_LENGTH, code_to_keep, lookup_code
from lotkeeper.catalog.queries import MAX_SEARCH_LENGTH, category_and_below, search_products, search_variations
from lotkeeper.web.filters import IdFilter


@extend_schema_field({"type": "boolean"})
class TrueOrFalseFilter(django_filters.TypedChoiceFilter):
    """``?is_active=true``; anything but true and false is refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[("true", "true"), ("false", "false")], coerce=_is_true, empty_value=None, **options)


def _is_true(text: str) -> bool:
    return text == "true"


class CategoryFilter(django_filters.FilterSet):
    """The categories directly inside one."""

    parent = IdFilter(field_name="parent_id")

    class Meta:
        model = Category
        fields: tuple[str, ...] = ()


class ProductFilter(django_filters.FilterSet):
    """Products by category, supplier, words, state and time of the last change."""

    category = IdFilter(method="in_category", label="In this category or one below it.")
    supplier_id = IdFilter(field_name="supplier_id")
    search = django_filters.CharFilter(
        method="searched", max_length=MAX_SEARCH_LENGTH, label="Words of the name, or the start of a SKU or barcode."
    )
    is_active = TrueOrFalseFilter()
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = Product
        fields: tuple[str, ...] = ()

    def in_category(self, rows: QuerySet[Product], name: str, value: int) -> QuerySet[Product]:
        """The products of a category and of all below it."""
        return rows.filter(category_id__in=category_and_below(value))

    def searched(self, rows: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        """The products that the words fit."""
        return search_products(rows, value)


class VariationFilter(django_filters.FilterSet):
    """Variations by product, category, words, state and time of the last change."""

    product_id = IdFilter(field_name="product_id")
    category = IdFilter(method="in_category", label="In this category or one below it.")
    search = django_filters.CharFilter(
        method="searched",
        max_length=MAX_SEARCH_LENGTH,
        label="Words of the names, or the start of the SKU or a barcode.",
    )
    is_active = TrueOrFalseFilter()
    updated_since = django_filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")

    class Meta:
        model = ItemVariation
        fields: tuple[str, ...] = ()

    def in_category(self, rows: QuerySet[ItemVariation], name: str, value: int) -> QuerySet[ItemVariation]:
        """The variations of the products of a category and of all below it."""
        return rows.filter(product__category_id__in=category_and_below(value))

    def searched(self, rows: QuerySet[ItemVariation], name: str, value: str) -> QuerySet[ItemVariation]:
        """The variations that the words fit."""
        return search_variations(rows, value)


class BarcodeFilter(django_filters.FilterSet):
    """Barcodes by variation, or the one with a certain code in any of its lengths."""

    variation_id = IdFilter(field_name="variation_id")
    code = django_filters.CharFilter(method="with_code", max_length=MAX_SCAN_LENGTH)

    class Meta:
        model = Barcode
        fields: tuple[str, ...] = ()

    def with_code(self, rows: QuerySet[Barcode], name: str, value: str) -> QuerySet[Barcode]:
        """The barcode with this code."""
        return rows.filter(lookup_code=lookup_code(code_to_keep(value)))
