"""What the forms of all pages share."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Generic, TypeVar
from uuid import uuid4

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from lotkeeper.core.errors import InvalidRequest, Refusal
from lotkeeper.core.quantity import MONEY_DECIMALS, MONEY_DIGITS, QUANTITY_DECIMALS, QUANTITY_DIGITS

Result = TypeVar("Result")

_DONE: Final = 303
_TO_BE_MENDED: Final = 422
REASON_LIMIT: Final = 500
NOTE_LIMIT: Final = 2000
#: How the references begin that a page gives by itself.
PAGE_REFERENCE: Final = "page-"
_MADE_BY_A_PAGE: Final = re.compile(PAGE_REFERENCE + "[0-9a-f]{32}")


class QuantityField(forms.DecimalField):
    """A quantity of stock, typed: exact, with three decimals at most."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=QUANTITY_DIGITS, decimal_places=QUANTITY_DECIMALS, **options)


class MoneyField(forms.DecimalField):
    """An amount of money, typed: not negative, with four decimals at most."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=MONEY_DIGITS, decimal_places=MONEY_DECIMALS, min_value=0, **options)


class PageForm(forms.Form):
    """A form that can show what an operation refused beside the field it is about."""

    #: Which field a refusal that names none is about, by the refusal's code.
    refusals: ClassVar[Mapping[str, str]] = {}

    def show_refusal(self, refusal: Refusal) -> None:
        """Put what was found wrong beside its fields, and above the form what is about none of them."""
        if not isinstance(refusal, InvalidRequest):
            self.add_error(self.refusals.get(refusal.code), refusal.detail)
            return
        for name, sentences in refusal.fields["errors"].items():
            place = self.refusals.get(name, name)
            for sentence in sentences:
                self.add_error(place if place in self.fields else None, sentence)


@dataclass(frozen=True, slots=True)
class Attempt(Generic[Result]):
    """What became of a form that was sent: done, or to be shown again."""

    result: Result | None
    status: int

    @property
    def is_done(self) -> bool:
        """Whether the operation was carried out."""
        return self.status == _DONE


def attempt(request: HttpRequest, form: PageForm, deed: Callable[[], Result]) -> Attempt[Result]:
    """Do what a form asks for, if it was sent and makes sense; otherwise it knows what is wrong with it."""
    if request.method != "POST":
        return Attempt(None, 200)
    if not form.is_valid():
        return Attempt(None, _TO_BE_MENDED)
    try:
        return Attempt(deed(), _DONE)
    except InvalidRequest as refusal:
        form.show_refusal(refusal)
        return Attempt(None, _TO_BE_MENDED)
    except Refusal as refusal:
        form.show_refusal(refusal)
        return Attempt(None, refusal.status)


class PostingForm(PageForm):
    """A form that posts. By its hidden reference a second press of the button, or a page sent again, posts nothing."""

    reference = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reference"].initial = new_reference()

    def clean_reference(self) -> str:
        """The reference the page was made with; anything else is replaced."""
        given: str = self.cleaned_data["reference"]
        return given if _MADE_BY_A_PAGE.fullmatch(given) else new_reference()


class ReasonForm(PostingForm):
    """Why, in a few words, and a longer remark."""

    reason = forms.CharField(label=_("Reason"), max_length=REASON_LIMIT)
    note = forms.CharField(
        label=_("Note"), max_length=NOTE_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


def new_reference() -> str:
    """A reference for one posting of a page."""
    return f"{PAGE_REFERENCE}{uuid4().hex}"
