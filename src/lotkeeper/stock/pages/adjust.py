"""Adjust and write off: name the lot, say how much and why, post."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.queries import ScanMatch
from lotkeeper.stock.operations import BatchQuantity, adjust_stock, write_off_stock
from lotkeeper.stock.pages._work import LineForm, LinesPage, Work
from lotkeeper.stock.pages.sell import posted_before
from lotkeeper.stock.policies import MovementKind
from lotkeeper.stock.queries import BatchView, StockRow, require_batches_of, stock_rows_of
from lotkeeper.stock.templatetags.stock_shown import batch_words
from lotkeeper.web.forms import QuantityField, ReasonForm

_KINDS: Sequence[tuple[MovementKind, Any]] = (
    (MovementKind.DAMAGE, gettext_lazy("Damaged or spoiled")),
    (MovementKind.EXPIRY, gettext_lazy("Expired")),
    (MovementKind.THEFT, gettext_lazy("Stolen or lost")),
    (MovementKind.SAMPLE, gettext_lazy("Given as a sample")),
    (MovementKind.ADJUSTMENT, gettext_lazy("Book corrected (2 found, or -2 missing)")),
)


class BatchLineForm(LineForm):
    """So much of one lot; a correction of the book has a sign."""

    batch_id = forms.IntegerField(label=gettext_lazy("Lot"), widget=forms.Select, min_value=1)
    quantity = QuantityField(label=gettext_lazy("Quantity"), initial=1)

    field_order = ("variation_id", "batch_id", "quantity")

    def offer(self, views: Sequence[BatchView]) -> None:
        """The lots to choose from."""
        choices = [("", gettext_lazy("Choose the lot")), *((view.batch.pk, batch_words(view)) for view in views)]
        self.fields["batch_id"].widget.choices = choices


class CorrectionForm(ReasonForm):
    """What happened, and why."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What happened"), choices=[(kind.value, words) for kind, words in _KINDS]
    )

    field_order = ("kind", "reason", "note")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # The page offers the usual ones; any other can be written.
        self.fields["reason"].widget.attrs["list"] = "reasons"


class AdjustPage(LinesPage):
    """Put stock right: one call of ``write_off_stock`` or ``adjust_stock``."""

    template: ClassVar[str] = "stock/adjust.html"
    permission: ClassVar[Permission] = Permission.WRITE_OFF
    line_form = BatchLineForm
    details_form = CorrectionForm

    prefilled = ("kind",)

    def row_for(self, work: Work, match: ScanMatch, batch_id: str) -> dict[str, str]:
        """The lot that was scanned or named; a single lot needs no choosing."""
        views = self._lots(work, [match.variation])[match.variation.pk].batches
        chosen = batch_id or (str(views[0].batch.pk) if len(views) == 1 else "")
        return {"variation_id": str(match.variation.pk), "quantity": str(match.factor), "batch_id": chosen}

    def looked_at(self, request: HttpRequest, work: Work) -> None:
        """The lots of each line, and what would be left of the chosen one."""
        kind = work.details["kind"].value()
        told = {id(line): said for line, said in self.filled_in(work)}
        rows = self._lots(work, [line.variation for line in work.lines if line.variation is not None])
        for line in work.lines:
            views = [] if line.variation is None else rows[line.variation.pk].batches
            assert isinstance(line.form, BatchLineForm)  # noqa: S101  # line_form says so
            line.form.offer(views)
            said = told.get(id(line))
            view = next((each for each in views if said is not None and each.batch.pk == said["batch_id"]), None)
            if said is not None and view is not None:
                change = said["quantity"] if kind == MovementKind.ADJUSTMENT else -said["quantity"]
                line.going = {"view": view, "after": view.batch.quantity + change}
        work.details.fields["kind"].choices = [  # type: ignore[attr-defined]  # a ChoiceField has them
            (each.value, words) for each, words in _KINDS if self._may(request, work, each)
        ]

    def posted(self, request: HttpRequest, actor: Actor, work: Work) -> str:
        """Post the write-off or the correction."""
        details = work.details.cleaned_data
        kind = MovementKind(details["kind"])
        asked = [line.form.cleaned_data for line in work.lines]
        with transaction.atomic():
            require_batches_of(work.outlet.pk, {line["batch_id"]: [line["variation_id"]] for line in asked})
        lines = [BatchQuantity(line["batch_id"], line["quantity"]) for line in asked]
        told = {"reason": details["reason"], "note": details["note"], "reference_id": details["reference"]}
        if kind is MovementKind.ADJUSTMENT:
            posting = adjust_stock(actor=actor, lines=lines, **told)
        else:
            posting = write_off_stock(actor=actor, lines=lines, movement_type=kind, **told)
        messages.success(request, _("Posted. What was written stands below."))
        return f"{reverse('adjust-page')}?posted={posting.operation_id}"

    def beside(self, request: HttpRequest) -> Mapping[str, Any]:
        """What was posted just now."""
        return {"posted": posted_before(request)}

    def _lots(self, work: Work, wanted: Sequence[ItemVariation]) -> Mapping[int, StockRow]:
        return stock_rows_of(actor_of(self.request), wanted, outlet_id=work.outlet.pk)

    @staticmethod
    def _may(request: HttpRequest, work: Work, kind: MovementKind) -> bool:
        needed = Permission.ADJUST if kind is MovementKind.ADJUSTMENT else Permission.WRITE_OFF
        return actor_of(request).may(needed, work.outlet.pk)
