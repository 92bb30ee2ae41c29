"""The forms of products and variations."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from lotkeeper.accounts.models import IssuePolicy
from lotkeeper.catalog.models import Category, ItemVariation, Product, Unit
from lotkeeper.catalog.operations import NewVariation, ProductFields, VariationFields
from lotkeeper.catalog.policies import MAX_SCAN_LENGTH
from lotkeeper.web.forms import MoneyField, PageForm, QuantityField
from lotkeeper.web.templatetags.shown import plain

_DESCRIPTION_LIMIT = 5000
_LAST_DAY = 3650
_LONGEST_SHELF_LIFE_DAYS = 32767


class ProductForm(PageForm):
    """What is said of a product, whatever its size."""

    name = forms.CharField(label=_("Name"), max_length=200)
    category_id = forms.TypedChoiceField(label=_("Category"), coerce=int, empty_value=None, required=False)
    retail_price = MoneyField(label=_("Retail price"))
    wholesale_price = MoneyField(label=_("Wholesale price"), required=False)
    sell_by_margin_days = forms.IntegerField(
        label=_("Stop selling before the date"),
        min_value=0,
        max_value=_LAST_DAY,
        initial=0,
        help_text=_("Days. 0 sells through the printed day."),
    )
    usual_shelf_life_days = forms.IntegerField(
        label=_("Usual shelf life"),
        min_value=1,
        max_value=_LONGEST_SHELF_LIFE_DAYS,
        required=False,
        help_text=_("Days. A date far beyond it is asked about when goods arrive."),
    )
    issue_policy = forms.ChoiceField(
        label=_("Which lot goes first"), required=False, choices=[("", _("As the business does")), *IssuePolicy.choices]
    )
    description = forms.CharField(
        label=_("Description"), max_length=_DESCRIPTION_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        categories = Category.objects.order_by("name").values_list("id", "name")
        field = cast("forms.TypedChoiceField", self.fields["category_id"])
        field.choices = [("", _("None")), *categories]

    def details(self) -> ProductFields:
        """What was entered, for the operation."""
        names = (
            "name", "category_id", "retail_price", "wholesale_price",
            "sell_by_margin_days", "usual_shelf_life_days", "description",
        )  # fmt: skip
        entered = {name: self.cleaned_data[name] for name in names}
        return ProductFields(**entered, issue_policy=self.cleaned_data["issue_policy"] or None)


class VariationForm(PageForm):
    """One size, colour or strength."""

    refusals = {"sku_taken": "sku", "unit_in_use": "unit"}

    sku = forms.CharField(label=_("SKU"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(
        label=_("What sets it apart"), max_length=200, required=False, help_text=_("Such as 500 mg, 20 tablets.")
    )
    unit = forms.ChoiceField(label=_("Counted in"), choices=Unit.choices)
    retail_price = MoneyField(label=_("Retail price"), required=False, help_text=_("Empty: the product's own price."))
    wholesale_price = MoneyField(label=_("Wholesale price"), required=False)
    reorder_point = QuantityField(label=_("Reorder below"), required=False, min_value=0)

    def details(self) -> VariationFields:
        """What was entered, for the operation."""
        names = ("sku", "name", "unit", "retail_price", "wholesale_price", "reorder_point")
        return VariationFields(**{name: self.cleaned_data[name] for name in names})


class NewProductForm(ProductForm):
    """A product with its first variation."""

    refusals = {"sku_taken": "sku", "barcode_taken": "barcode", "code": "barcode"}

    sku = VariationForm.base_fields["sku"]
    variation_name = VariationForm.base_fields["name"]
    unit = VariationForm.base_fields["unit"]
    reorder_point = VariationForm.base_fields["reorder_point"]
    barcode = forms.CharField(
        label=_("Barcode"),
        max_length=MAX_SCAN_LENGTH,
        required=False,
        help_text=_("Scan it as it is."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-scan": ""}),
    )

    field_order = (
        "name", "sku", "variation_name", "barcode", "unit", "retail_price", "wholesale_price", "category_id",
        "reorder_point",
    )  # fmt: skip

    def first_variation(self) -> NewVariation:
        """The variation that is made together with its product."""
        entered = self.cleaned_data
        details = VariationFields(
            sku=entered["sku"],
            name=entered["variation_name"],
            unit=entered["unit"],
            reorder_point=entered["reorder_point"],
        )
        return NewVariation(details=details, barcodes=(entered["barcode"],) if entered["barcode"] else ())


class BarcodeForm(PageForm):
    """One more code."""

    refusals = {"barcode_taken": "code"}

    code = forms.CharField(
        label=_("Barcode"),
        max_length=MAX_SCAN_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "data-scan": ""}),
    )


class PictureForm(PageForm):
    """A picture from a camera or a folder."""

    refusals = {"image_too_large": "image", "image_too_many_pixels": "image", "image_not_readable": "image"}

    image = forms.FileField(
        label=_("Picture"), widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"})
    )


def as_it_is(row: Product | ItemVariation, form: type[PageForm]) -> dict[str, Any]:
    """What a form begins with: the row's own values, numbers as they would be typed."""
    begun: dict[str, Any] = {}
    for name, field in form.base_fields.items():
        value = getattr(row, name)
        begun[name] = plain(value) if isinstance(field, forms.DecimalField) else value
    return begun
