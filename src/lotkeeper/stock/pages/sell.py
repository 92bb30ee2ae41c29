"""Sell or give out: scan, see which batches will go, post."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import NotFound
from lotkeeper.stock.api.lines import refusing_as_asked
from lotkeeper.stock.operations import IssueLine, deduct_stock
from lotkeeper.stock.pages._outlets import number_in
from lotkeeper.stock.pages._work import LineForm, LinesPage, Work
from lotkeeper.stock.policies import MovementKind
from lotkeeper.stock.queries import LineAsked, operation_for, what_goes
from lotkeeper.web.forms import ReasonForm


class GoingLineForm(LineForm):
    """So much of a variation, from the batches that go first or from the lot in hand."""

    batch_id = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)


class SaleForm(ReasonForm):
    """What kind of issue it is, and what is remembered of it."""

    movement_type = forms.ChoiceField(
        label=gettext_lazy("What for"),
        choices=[(MovementKind.SALE.value, gettext_lazy("Sale")), (MovementKind.SAMPLE.value, gettext_lazy("Sample"))],
        required=False,
    )

    field_order = ("movement_type", "reason", "note")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["reason"].required = False


class GoingPage(LinesPage):
    """A page of goods that leave by the rule: it shows which batches go, and which stay and why."""

    line_form = GoingLineForm

    def looked_at(self, request: HttpRequest, work: Work) -> None:
        """What each line would take now, by the same rule as the posting."""
        told = self.filled_in(work)
        lines = [LineAsked(said["variation_id"], said["quantity"], said["batch_id"]) for _line, said in told]
        going = what_goes(actor=actor_of(request), permission=self.permission, outlet_id=work.outlet.pk, lines=lines)
        for (line, _said), each in zip(told, going, strict=True):
            line.going = each


class SellPage(GoingPage):
    """Sell or give out stock: one call of ``deduct_stock``."""

    template: ClassVar[str] = "stock/sell.html"
    permission: ClassVar[Permission] = Permission.SELL
    details_form = SaleForm

    def posted(self, request: HttpRequest, actor: Actor, work: Work) -> str:
        """Sell everything, or nothing."""
        asked = [line.form.cleaned_data for line in work.lines]
        details = work.details.cleaned_data
        with refusing_as_asked(asked):
            posting = deduct_stock(
                actor=actor,
                outlet_id=work.outlet.pk,
                lines=[IssueLine(line["variation_id"], line["quantity"], line["batch_id"]) for line in asked],
                movement_type=MovementKind(details["movement_type"] or MovementKind.SALE),
                reference_id=details["reference"],
                reason=details["reason"],
                note=details["note"],
            )
        messages.success(request, _("Posted. The batches that went stand below."))
        return f"{reverse('sell-page')}?posted={posting.operation_id}"

    def beside(self, request: HttpRequest) -> Mapping[str, Any]:
        """What was posted just now."""
        return {"posted": posted_before(request)}


def posted_before(request: HttpRequest) -> Any:
    """The operation that the address names as just posted, with its lines; None if there is none to see."""
    operation_id = number_in(request.GET.get("posted"))
    if operation_id is None:
        return None
    try:
        return operation_for(actor_of(request), operation_id)
    except NotFound:
        return None
