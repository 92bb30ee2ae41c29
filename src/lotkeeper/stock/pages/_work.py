"""The pages on which a basket is put together: scanned line by line, looked at, and posted with one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.policies import MAX_SCAN_LENGTH, Scan, ScanKind
from lotkeeper.catalog.queries import Found, ScanMatch, find_offered, variations
from lotkeeper.core.errors import InvalidRequest, Refusal
from lotkeeper.core.quantity import InvalidNumber, quantity_from
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.errors import ConfirmationNeeded, InsufficientStockError, ReferenceReused
from lotkeeper.stock.models import Batch
from lotkeeper.stock.pages._outlets import number_in, place_to_work
from lotkeeper.stock.policies import outlet_today
from lotkeeper.web.forms import PageForm, PostingForm, QuantityField
from lotkeeper.web.fragments import go_to, show
from lotkeeper.web.templatetags.shown import plain, quantity

#: A basket on a page; a longer list comes as a file.
MAX_LINES: Final = 100


class LineForm(PageForm):
    """One line: so much of a variation."""

    variation_id = forms.IntegerField(widget=forms.HiddenInput)
    quantity = QuantityField(label=gettext_lazy("Quantity"), min_value=Decimal("0.001"), initial=1)


@dataclass(slots=True)
class Line:
    """A line as it is shown: its form, what it is about, and what is wrong with it."""

    form: LineForm
    variation: ItemVariation | None = None
    #: What a dry run says of it; None when there is none.
    going: Any = None
    shortage: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Work:
    """A page that is being filled in: where, what and why, and what was refused about it."""

    outlets: Sequence[Outlet]
    outlet: Outlet
    rows: list[dict[str, str]]
    details: PostingForm
    lines: list[Line] = field(default_factory=list)
    looked_for: str = ""
    found: Found | None = None
    doubts: Sequence[str] = ()
    #: The lot that was scanned and does not lie here.
    strange_lot: str = ""
    needs_confirmation: bool = False
    status: int = 200


@method_decorator(transaction.non_atomic_requests, name="dispatch")
@method_decorator(for_people, name="dispatch")
class LinesPage(View):
    """A page of lines. Its buttons say what they do: add, pick, remove, post; anything else only looks again."""

    http_method_names = ["get", "head", "post"]
    template: ClassVar[str]
    permission: ClassVar[Permission]
    line_form: ClassVar[type[LineForm]]
    details_form: ClassVar[type[PostingForm]]
    #: What is equal for the same thing scanned again.
    same: ClassVar[Sequence[str]] = ("variation_id", "batch_id")
    #: What a link to the page may fill in.
    prefilled: ClassVar[Sequence[str]] = ()

    def get(self, request: HttpRequest) -> HttpResponse:
        """The empty page, or one with the variation that the address names."""
        with transaction.atomic():
            prefilled = {name: request.GET[name] for name in self.prefilled if name in request.GET}
            work = self.begun(request, self.details_form(initial=prefilled))
            variation = _variation(request.GET.get("variation"))
            if variation is not None:
                self.add(work, _by_hand(variation), request.GET.get("batch", ""))
            return self.shown(request, work)

    def post(self, request: HttpRequest) -> HttpResponse:
        """The page with what its button did, or the next page after everything was posted."""
        actor = actor_of(request)
        with transaction.atomic():
            work = self.begun(request, self.details_form(request.POST))
            action = request.POST.get("action", "")
            if action != "post":
                self.changed(work, action, request.POST)
                work.details = self.details_form(initial=request.POST.dict())
                return self.shown(request, work)
            work.lines = [Line(self._bound(work, number)) for number in range(len(work.rows))]
            fits = all([*(line.form.is_valid() for line in work.lines), work.details.is_valid(), bool(work.lines)])
        if fits:
            try:
                address = self.posted(request, actor, work)
            except Refusal as refusal:
                self.refused(work, refusal)
            else:
                return go_to(request, address)
        else:
            work.status = 422
            if not work.lines:
                work.details.add_error(None, _("Add what it is about first: scan it, or look for its name."))
        with transaction.atomic():
            return self.shown(request, work)

    # --- what each page says for itself ---

    def posted(self, request: HttpRequest, actor: Actor, work: Work) -> str:
        """Make the one call; answers the address of the next page."""
        raise NotImplementedError

    def row_for(self, work: Work, match: ScanMatch, batch_id: str) -> dict[str, str]:
        """A new line for what was scanned."""
        return {"variation_id": str(match.variation.pk), "quantity": str(match.factor), "batch_id": batch_id}

    def looked_at(self, request: HttpRequest, work: Work) -> None:
        """Add to each line what is to be shown beside it."""

    # --- what they share ---

    def begun(self, request: HttpRequest, details: PostingForm) -> Work:
        """The page as it was sent, or an empty one."""
        outlets, outlet = place_to_work(request, self.permission)
        return Work(outlets, outlet, _rows(request.POST, list(self.line_form.base_fields)), details)

    def changed(self, work: Work, action: str, sent: QueryDict) -> None:
        """Do what a button asks for."""
        if action == "add":
            work.looked_for = sent.get("code", "").strip(" ")[:MAX_SCAN_LENGTH]
            if not work.looked_for:
                return
            work.found = find_offered(work.looked_for, today=outlet_today(work.outlet.timezone))
            if work.found.match is not None:
                lot = self._scanned_batch(work, work.found.match)
                self.add(work, work.found.match, lot)
                work.doubts = work.found.match.scan.doubts
                if not lot and "batch_id" in self.line_form.base_fields:
                    work.strange_lot = work.found.match.scan.batch_number or ""
                work.looked_for = ""
        elif action.startswith("pick-"):
            variation = _variation(action.removeprefix("pick-"))
            if variation is not None:
                self.add(work, _by_hand(variation), "")
        elif action.startswith("remove-"):
            number = action.removeprefix("remove-")
            if number.isdecimal() and int(number) < len(work.rows):
                del work.rows[int(number)]

    def add(self, work: Work, match: ScanMatch, batch_id: str) -> None:
        """Put one more on the list: scanned again, it counts up."""
        row = self.row_for(work, match, batch_id)
        for known in work.rows:
            if all(known.get(name, "") == row.get(name, "") for name in self.same):
                known["quantity"] = _one_more(known.get("quantity", ""), match.factor)
                return
        if len(work.rows) < MAX_LINES:
            work.rows.append(row)

    def refused(self, work: Work, refusal: Refusal) -> None:
        """Show what was refused beside what it is about; nothing was changed."""
        work.status = refusal.status
        if isinstance(refusal, InsufficientStockError):
            for short in refusal.lines:
                work.lines[int(short["line"]) - 1].shortage = _("Needed %(needed)s, only %(available)s available.") % {
                    "needed": quantity(short["needed"]),
                    "available": quantity(short["available"]),
                }
            work.details.add_error(None, _("There is not enough of everything. Nothing was posted."))
        elif isinstance(refusal, ConfirmationNeeded):
            work.needs_confirmation = True
            for warning in refusal.fields["warnings"]:
                work.lines[int(warning["line"]) - 1].warnings.append(str(warning["sentence"]))
        elif isinstance(refusal, InvalidRequest):
            _show_errors(work, refusal.fields["errors"])
        elif isinstance(refusal, ReferenceReused):
            work.details.add_error(None, _("This page was posted before, with other lines. Open it anew to post more."))
        else:
            work.details.add_error(None, refusal.detail)

    def shown(self, request: HttpRequest, work: Work) -> HttpResponse:
        """The page, or its form alone."""
        named = [number_in(row.get("variation_id")) for row in work.rows]
        known = {each.pk: each for each in variations().filter(pk__in=[number for number in named if number])}
        if not work.lines:
            work.rows = [row for row, number in zip(work.rows, named, strict=True) if number in known]
            work.lines = [Line(self._unbound(work, number)) for number in range(len(work.rows))]
        for line, row in zip(work.lines, work.rows, strict=True):
            line.variation = known.get(number_in(row.get("variation_id")) or 0)
        self.looked_at(request, work)
        context = {"work": work, "scans": True, "today": outlet_today(work.outlet.timezone), **self.beside(request)}
        return show(request, self.template, "work", context, status=work.status)

    def beside(self, request: HttpRequest) -> Mapping[str, Any]:
        """What else the page shows."""
        return {}

    def _scanned_batch(self, work: Work, match: ScanMatch) -> str:
        """The lot whose number was scanned, if it lies here."""
        number = match.scan.batch_number
        if number is None:
            return ""
        lots = Batch.objects.filter(
            outlet_id=work.outlet.pk, variation_id=match.variation.pk, batch_number=number, in_stock=True
        )
        found = lots.order_by("expiry_date", "received_at", "id").values_list("id", flat=True).first()
        return "" if found is None else str(found)

    def filled_in(self, work: Work) -> Sequence[tuple[Line, Mapping[str, Any]]]:
        """The lines that make sense so far, with what they say."""
        told = []
        for number, line in enumerate(work.lines):
            form = self._bound(work, number)
            if line.variation is not None and form.is_valid():
                told.append((line, form.cleaned_data))
        return told

    def _bound(self, work: Work, number: int) -> LineForm:
        prefix = f"lines-{number}"
        return self.line_form({f"{prefix}-{name}": value for name, value in work.rows[number].items()}, prefix=prefix)

    def _unbound(self, work: Work, number: int) -> LineForm:
        return self.line_form(initial=work.rows[number], prefix=f"lines-{number}")


def _rows(sent: QueryDict, names: Sequence[str]) -> list[dict[str, str]]:
    rows = []
    for number in range(MAX_LINES):
        if f"lines-{number}-variation_id" not in sent:
            break
        rows.append({name: sent.get(f"lines-{number}-{name}", "") for name in names})
    return rows


def _show_errors(work: Work, errors: Mapping[str, Sequence[str]]) -> None:
    others: dict[str, list[str]] = {}
    for name, sentences in errors.items():
        place = name.split(".")
        if len(place) == 3 and place[0] == "lines":  # noqa: PLR2004  # as operations name them: lines.0.quantity
            work.lines[int(place[1])].form.show_refusal(InvalidRequest({place[2]: list(sentences)}))
        else:
            others[name] = list(sentences)
    if others:
        work.details.show_refusal(InvalidRequest(others))


def _variation(text: str | None) -> ItemVariation | None:
    variation_id = number_in(text)
    return None if variation_id is None else variations().filter(pk=variation_id).first()


def _by_hand(variation: ItemVariation) -> ScanMatch:
    """What was chosen and not scanned."""
    return ScanMatch(variation, None, Scan(raw="", kind=ScanKind.TEXT, text=""))


def _one_more(typed: str, factor: int) -> str:
    try:
        return plain(quantity_from(Decimal(typed)) + factor)
    except (ArithmeticError, InvalidNumber):
        return str(factor)
