"""Transfers: send, see what is on its way, and receive with differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.core.errors import InvalidRequest, Refusal
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.api.lines import refusing_as_asked
from lotkeeper.stock.operations import IssueLine
from lotkeeper.stock.pages import GoingPage, Work, number_in, place_to_look
from lotkeeper.transfers.models import Transfer, TransferLine, TransferStatus
from lotkeeper.transfers.operations import ArrivedLine, receive_transfer, transfer_stock
from lotkeeper.transfers.queries import transfer_for, transfers
from lotkeeper.web.forms import NOTE_LIMIT, PageForm, PostingForm, QuantityField
from lotkeeper.web.fragments import go_to, show
from lotkeeper.web.templatetags.shown import plain

ROWS: Final = 30
_REASON_LIMIT: Final = 200


class SendForm(PostingForm):
    """Where the goods go."""

    destination_id = forms.IntegerField(label=gettext_lazy("To"), widget=forms.Select, min_value=1)
    note = forms.CharField(
        label=gettext_lazy("Note"), max_length=NOTE_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class SendPage(GoingPage):
    """Send goods to another outlet: one call of ``transfer_stock``."""

    template: ClassVar[str] = "transfers/send.html"
    permission: ClassVar[Permission] = Permission.TRANSFER
    details_form = SendForm

    def looked_at(self, request: HttpRequest, work: Work) -> None:
        """What would go, and where it can go."""
        super().looked_at(request, work)
        others = Outlet.objects.filter(is_active=True).exclude(pk=work.outlet.pk).order_by("name")
        choices = [("", gettext_lazy("Choose the outlet")), *others.values_list("id", "name")]
        work.details.fields["destination_id"].widget.choices = choices

    def posted(self, request: HttpRequest, actor: Actor, work: Work) -> str:
        """Take it off the shelf here; it is on its way until somebody there confirms it."""
        asked = [line.form.cleaned_data for line in work.lines]
        details = work.details.cleaned_data
        with refusing_as_asked(asked):
            sent = transfer_stock(
                actor=actor,
                source_id=work.outlet.pk,
                destination_id=details["destination_id"],
                lines=[IssueLine(line["variation_id"], line["quantity"], line["batch_id"]) for line in asked],
                reference_id=details["reference"],
                note=details["note"],
            )
        messages.success(request, _("Sent. The goods are on their way until somebody there confirms them."))
        return reverse("transfer-page", args=[sent.pk])


class ArrivedForm(PageForm):
    """How much of a sent line arrived."""

    quantity = QuantityField(label=gettext_lazy("Arrived"), min_value=0)
    discrepancy_reason = forms.CharField(label=gettext_lazy("Why less"), max_length=_REASON_LIMIT, required=False)


@require_safe
@for_people
def transfer_list(request: HttpRequest) -> HttpResponse:
    """What is on its way, and what arrived; the newest first."""
    actor = actor_of(request)
    place = place_to_look(request)
    found = transfers(actor, outlet_id=place.outlet_id).select_related("source", "destination", "sent__user")
    before = number_in(request.GET.get("before"))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: ROWS + 1])
    shown = rows[:ROWS]
    context = {"rows": shown, "place": place, "more": shown[-1].pk if len(rows) > ROWS else None}
    return show(request, "transfers/list.html", "rows", context)


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def transfer_page(request: HttpRequest, transfer_id: int) -> HttpResponse:
    """One transfer; whoever may, confirms what arrived."""
    actor = actor_of(request)
    with transaction.atomic():
        transfer = transfer_for(actor, transfer_id)
        lines = _lines(transfer)
        may_receive = transfer.status == TransferStatus.IN_TRANSIT and actor.may(
            Permission.TRANSFER, transfer.destination_id
        )
        outlets = Outlet.objects.in_bulk([transfer.source_id, transfer.destination_id])
    forms_by_line = [(line, _arrived_form(request, line)) for line in lines]
    details = PostingForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if all([details.is_valid(), *(form.is_valid() for _line, form in forms_by_line)]):
            try:
                receive_transfer(
                    actor=actor,
                    transfer_id=transfer_id,
                    arrived=[ArrivedLine(line.pk, **form.cleaned_data) for line, form in forms_by_line],
                    reference_id=details.cleaned_data["reference"],
                )
            except Refusal as refusal:
                status = refusal.status
                _show_refusal(refusal, {line.pk: form for line, form in forms_by_line}, details)
            else:
                messages.success(request, _("Received. What arrived is on the shelf."))
                return go_to(request, reverse("transfer-page", args=[transfer_id]))
    context = {
        "transfer": transfer,
        "source": outlets[transfer.source_id],
        "destination": outlets[transfer.destination_id],
        "lines": forms_by_line,
        "details": details,
        "may_receive": may_receive,
    }
    return render(request, "transfers/transfer.html", context, status=status)


def _lines(transfer: Transfer) -> Sequence[TransferLine]:
    found = TransferLine.objects.select_related("batch__variation__product").filter(transfer_id=transfer.pk)
    return list(found.order_by("id"))


def _arrived_form(request: HttpRequest, line: TransferLine) -> ArrivedForm:
    initial = {"quantity": plain(line.quantity_sent)}
    return ArrivedForm(request.POST or None, prefix=f"line-{line.pk}", initial=initial)


def _show_refusal(refusal: Refusal, by_line: dict[int, ArrivedForm], details: PostingForm) -> None:
    """Beside the line that it is about: operations name them ``lines.<id>.quantity``."""
    if not isinstance(refusal, InvalidRequest):
        details.show_refusal(refusal)
        return
    for name, sentences in refusal.fields["errors"].items():
        place: list[Any] = name.split(".")
        form = by_line.get(int(place[1])) if len(place) == 3 else None  # noqa: PLR2004  # see above
        if form is None:
            details.show_refusal(InvalidRequest({name: sentences}))
        else:
            form.show_refusal(InvalidRequest({place[2]: sentences}))
