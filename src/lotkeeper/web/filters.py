"""Filters that the lists of several slices share."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms

from lotkeeper.core.quantity import MAX_ID


class IdFilter(django_filters.NumberFilter):
    """``?outlet_id=3``: an id in a query; what no id can be is refused."""

    field_class = forms.IntegerField  # type: ignore[assignment]  # NumberFilter names the one for decimals

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, min_value=1, max_value=MAX_ID, **options)

    def get_max_validator(self) -> None:
        """The field has its own bound; the one of NumberFilter is for decimals."""
