"""Receive: scan the goods, check lot, expiry and cost, post."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.policies import month_or_date
from lotkeeper.catalog.queries import ScanMatch
from lotkeeper.stock.models import Batch
from lotkeeper.stock.operations import ReceiptLine, receive_stock
from lotkeeper.stock.pages._work import LineForm, LinesPage, Work
from lotkeeper.stock.pages.sell import posted_before
from lotkeeper.stock.policies import MovementKind
from lotkeeper.web.forms import NOTE_LIMIT, MoneyField, PostingForm
from lotkeeper.web.templatetags.shown import plain

BATCH_NUMBER_LIMIT = 100
REFERENCE_LIMIT = 200


class ExpiryField(forms.Field):
    """An expiry date as it is printed: a day, or a month that means its last day."""

    widget = forms.TextInput(attrs={"placeholder": "2027-03-31", "autocomplete": "off", "maxlength": 20})

    def to_python(self, value: Any) -> dt.date | None:
        """The date, or None when nothing was written."""
        text = str(value or "").strip()
        if not text:
            return None
        try:
            return month_or_date(text)
        except ValueError as error:
            sentence = _("Write the day as 2027-03-31 or the month as 03/2027.")
            raise forms.ValidationError(sentence) from error


class ReceiptLineForm(LineForm):
    """So much of a variation under its lot number, with expiry and cost."""

    batch_number = forms.CharField(
        label=gettext_lazy("Lot number"),
        max_length=BATCH_NUMBER_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    expiry_date = ExpiryField(label=gettext_lazy("Expiry"), required=False)
    unit_cost = MoneyField(label=gettext_lazy("Unit cost"), required=False)


class ReceiptForm(PostingForm):
    """What kind of receipt it is, and under which number it came."""

    movement_type = forms.ChoiceField(
        label=gettext_lazy("What arrives"),
        choices=[
            (MovementKind.PURCHASE.value, gettext_lazy("A delivery")),
            (MovementKind.OPENING.value, gettext_lazy("Opening stock")),
        ],
        required=False,
    )
    delivery = forms.CharField(
        label=gettext_lazy("Delivery number"),
        max_length=REFERENCE_LIMIT,
        required=False,
        help_text=gettext_lazy("From the delivery note. One number is posted once."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=NOTE_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    confirmed = forms.BooleanField(label=gettext_lazy("I have looked at the goods: this is right"), required=False)


class ReceivePage(LinesPage):
    """Take goods in: one call of ``receive_stock``."""

    template: ClassVar[str] = "stock/receive.html"
    permission: ClassVar[Permission] = Permission.RECEIVE
    line_form = ReceiptLineForm
    details_form = ReceiptForm
    same = ("variation_id", "batch_number", "expiry_date")

    def row_for(self, work: Work, match: ScanMatch, batch_id: str) -> dict[str, str]:
        """Lot and expiry from the code, if it holds them; the cost as it was last time."""
        scan = match.scan
        lots = Batch.objects.filter(variation_id=match.variation.pk, unit_cost__isnull=False)
        last_cost = lots.order_by("-received_at").values_list("unit_cost", flat=True).first()
        return {
            "variation_id": str(match.variation.pk),
            "quantity": str((scan.count or 1) * match.factor),
            "batch_number": scan.batch_number or "",
            "expiry_date": "" if scan.expiry_date is None else scan.expiry_date.isoformat(),
            "unit_cost": plain(last_cost),
        }

    def posted(self, request: HttpRequest, actor: Actor, work: Work) -> str:
        """Take everything in, or ask once more about what looks wrong."""
        details = work.details.cleaned_data
        posting = receive_stock(
            actor=actor,
            outlet_id=work.outlet.pk,
            lines=[ReceiptLine(**line.form.cleaned_data) for line in work.lines],
            movement_type=MovementKind(details["movement_type"] or MovementKind.PURCHASE),
            reference_id=details["delivery"] or details["reference"],
            note=details["note"],
            confirmed=details["confirmed"],
        )
        messages.success(request, _("Received. The goods are on the shelf."))
        return f"{reverse('receive-page')}?posted={posting.operation_id}"

    def beside(self, request: HttpRequest) -> Mapping[str, Any]:
        """What was posted just now."""
        return {"posted": posted_before(request)}
