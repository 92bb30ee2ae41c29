"""What is filled in on the pages of stock takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import uuid4

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lotkeeper.core.errors import Refusal
from lotkeeper.stock.errors import SoldSinceCounted
from lotkeeper.stock.models import Batch
from lotkeeper.stock.pages import number_in
from lotkeeper.stock.pages.receive import BATCH_NUMBER_LIMIT, ExpiryField
from lotkeeper.stocktakes.models import NOTES_LIMIT, PLACE_LIMIT, CountScope
from lotkeeper.stocktakes.operations import Found, Observation, Rules, Scope
from lotkeeper.web.forms import MoneyField, PageForm, PostingForm, QuantityField

#: More lots than this are better seen in the list.
_TOLD: Final = 20
SCOPES: Final = (
    (CountScope.OUTLET.value, gettext_lazy("Everything here")),
    (CountScope.CATEGORY.value, gettext_lazy("A category, and all below it")),
    (CountScope.SUPPLIER.value, gettext_lazy("What one supplier delivers")),
    (CountScope.LIST.value, gettext_lazy("These products")),
)


def numbers_in(values: Iterable[str]) -> Sequence[int]:
    """The ids among what was sent."""
    return [number for number in map(number_in, values) if number is not None]


class IdsField(forms.Field):
    """Any number of ids."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> Sequence[int]:
        """The ids that are some."""
        return numbers_in(value or ())


class NewTakeForm(PostingForm):
    """What is to be counted, how, and by whom."""

    scope = forms.ChoiceField(
        label=gettext_lazy("What"),
        choices=SCOPES,
    )
    category_id = forms.IntegerField(label=gettext_lazy("Category"), widget=forms.Select, min_value=1, required=False)
    supplier_id = forms.IntegerField(label=gettext_lazy("Supplier"), widget=forms.Select, min_value=1, required=False)
    variation_ids = IdsField(required=False)
    blind = forms.BooleanField(
        label=gettext_lazy("Count blind"),
        help_text=gettext_lazy("Whoever counts does not see what the book says. People who see it tend to find it."),
        required=False,
    )
    uncounted_is_zero = forms.BooleanField(
        label=gettext_lazy("What is not found is not there"),
        help_text=gettext_lazy("At the end, what nobody counted becomes 0. Without this it is left as it is."),
        required=False,
    )
    assignee_ids = IdsField(
        label=gettext_lazy("Who counts"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nobody ticked: whoever may count here does."),
        required=False,
    )
    notes = forms.CharField(
        label=gettext_lazy("Note"), max_length=NOTES_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        """A scope that names what it is about."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        for scope, name in ((CountScope.CATEGORY, "category_id"), (CountScope.SUPPLIER, "supplier_id")):
            if said.get("scope") == scope and said.get(name) is None and name not in self.errors:
                self.add_error(name, _("Choose one."))
        if said.get("scope") == CountScope.LIST and not said.get("variation_ids"):
            self.add_error("scope", _("Tick the products to count."))
        return said

    def told_scope(self) -> Scope:
        """What is to be counted; what the chosen scope has no use for was not meant."""
        said, kind = self.cleaned_data, CountScope(self.cleaned_data["scope"])
        return Scope(
            kind,
            category_id=said["category_id"] if kind is CountScope.CATEGORY else None,
            supplier_id=said["supplier_id"] if kind is CountScope.SUPPLIER else None,
            variation_ids=said["variation_ids"] if kind is CountScope.LIST else (),
        )

    def told_rules(self) -> Rules:
        """How it is counted."""
        said = self.cleaned_data
        return Rules(said["blind"], said["uncounted_is_zero"], said["assignee_ids"])


class SeenForm(PageForm):
    """So much of one lot was seen at one place. By its hidden number, sent again it is counted once."""

    client_id = forms.UUIDField(widget=forms.HiddenInput)
    batch_id = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)
    variation_id = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)
    round = forms.IntegerField(widget=forms.HiddenInput, min_value=1, required=False)
    batch_number = forms.CharField(
        label=gettext_lazy("Lot number"),
        max_length=BATCH_NUMBER_LIMIT,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    expiry_date = ExpiryField(label=gettext_lazy("Expiry"), required=False)
    unit_cost = MoneyField(label=gettext_lazy("Unit cost"), required=False)
    quantity = QuantityField(label=gettext_lazy("How many are there?"), min_value=0)
    place = forms.CharField(
        label=gettext_lazy("Place"),
        max_length=PLACE_LIMIT,
        required=False,
        help_text=gettext_lazy("Such as shelf 3. Places add up; of one place the latest count holds."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["client_id"].initial = uuid4

    def observation(self) -> Observation:
        """What was seen, in the operation's words."""
        said = self.cleaned_data
        batch = said["batch_id"] or Found(
            said["variation_id"], said["batch_number"], said["expiry_date"], said["unit_cost"]
        )
        return Observation(
            batch, said["quantity"], client_id=said["client_id"], place=said["place"], round=said["round"]
        )

    def clean(self) -> dict[str, Any]:
        """Something must have been chosen."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if not said.get("batch_id") and not said.get("variation_id"):
            self.add_error(None, _("Choose first what was counted: scan it, or tap it in the list."))
        return said


class ReconcileForm(PostingForm):
    """A posting, which may be refused for the sake of some lots."""

    def show_refusal(self, refusal: Refusal) -> None:
        """Name the lots too, as somebody has to go and count them."""
        super().show_refusal(refusal)
        if not isinstance(refusal, SoldSinceCounted):
            return
        batch_ids = [line["batch_id"] for line in refusal.fields["lines"]][:_TOLD]
        with transaction.atomic():
            lots = list(Batch.objects.select_related("variation__product").filter(pk__in=batch_ids).order_by("id"))
        for lot in lots:
            named = {"product": lot.variation.product.name, "lot": lot.batch_number}
            self.add_error(None, _("Count %(product)s, lot %(lot)s again.") % named)


class SwapForm(PostingForm):
    """Two lines of which one lot was mistaken for the other."""

    short = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    over = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    quantity = QuantityField(label=gettext_lazy("How many were mistaken"), min_value=0)
