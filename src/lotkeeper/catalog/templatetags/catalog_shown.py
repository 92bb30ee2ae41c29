"""Products as people see them."""

from __future__ import annotations

from django import template

from lotkeeper.catalog.models import Product
from lotkeeper.catalog.queries import image_address

register = template.Library()


@register.filter
def picture(product: Product) -> str:
    """Where a product's picture is served; empty when it has none."""
    return image_address(product) or ""
