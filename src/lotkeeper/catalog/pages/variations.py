"""Variations and their barcodes."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Permission
from lotkeeper.catalog.operations import add_barcode, create_variation, remove_barcode, update_variation
from lotkeeper.catalog.pages._forms import BarcodeForm, VariationForm, as_it_is
from lotkeeper.catalog.queries import barcodes, get_variation, one_of
from lotkeeper.catalog.queries import products as all_products
from lotkeeper.web.forms import attempt


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def variation_new(request: HttpRequest, product_id: int) -> HttpResponse:
    """Add a size, colour or strength to a product."""
    actor = actor_of(request)
    actor.require(Permission.MANAGE_CATALOG)
    product = one_of(all_products(), product_id, "product")
    form = VariationForm(request.POST or None)
    made = attempt(request, form, lambda: create_variation(actor=actor, product_id=product_id, details=form.details()))
    if made.result is not None:
        messages.success(request, _("The variation is made. Give it its barcodes."))
        return redirect("variation-page", made.result.pk)
    return render(request, "catalog/variation.html", {"product": product, "form": form}, status=made.status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def variation_page(request: HttpRequest, variation_id: int) -> HttpResponse:
    """Change a variation."""
    actor = actor_of(request)
    actor.require(Permission.MANAGE_CATALOG)
    variation = get_variation(variation_id)
    form = VariationForm(request.POST or None, initial=as_it_is(variation, VariationForm))
    changed = attempt(
        request, form, lambda: update_variation(actor=actor, variation_id=variation_id, changes=form.details())
    )
    if changed.is_done:
        messages.success(request, _("The changes are kept."))
        return redirect("product-page", variation.product_id)
    return _shown(request, variation_id, form, BarcodeForm(), changed.status)


@require_POST
@for_people
def barcode_add(request: HttpRequest, variation_id: int) -> HttpResponse:
    """Put one more code on a variation."""
    actor = actor_of(request)
    form = BarcodeForm(request.POST)
    kept = attempt(
        request, form, lambda: add_barcode(actor=actor, variation_id=variation_id, code=form.cleaned_data["code"])
    )
    if kept.is_done:
        messages.success(request, _("The code is kept: scanned, it means this variation."))
        return redirect("variation-page", variation_id)
    begun = VariationForm(initial=as_it_is(get_variation(variation_id), VariationForm))
    return _shown(request, variation_id, begun, form, kept.status)


@require_POST
@for_people
def barcode_remove(request: HttpRequest, barcode_id: int) -> HttpResponse:
    """Take a code off a variation."""
    barcode = one_of(barcodes(), barcode_id, "barcode")
    remove_barcode(actor=actor_of(request), barcode_id=barcode_id)
    messages.success(request, _("The code is taken off."))
    return redirect("variation-page", barcode.variation_id)


def _shown(
    request: HttpRequest, variation_id: int, form: VariationForm, barcode_form: BarcodeForm, status: int
) -> HttpResponse:
    variation = get_variation(variation_id)
    context = {"product": variation.product, "variation": variation, "form": form, "barcode_form": barcode_form}
    return render(request, "catalog/variation.html", context, status=status)
