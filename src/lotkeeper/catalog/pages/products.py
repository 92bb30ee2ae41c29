"""Products: found, made, changed, with or without a picture."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core import signing
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.pages import for_people
from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.operations import (
    ProductFields,
    create_product,
    remove_product_image,
    set_product_image,
    update_product,
)
from lotkeeper.catalog.operations.images import MAX_FILE_BYTES
from lotkeeper.catalog.pages._forms import NewProductForm, PictureForm, ProductForm, as_it_is
from lotkeeper.catalog.queries import MAX_SEARCH_LENGTH, one_of, search_products
from lotkeeper.catalog.queries import products as all_products
from lotkeeper.core.errors import PermissionRefused
from lotkeeper.web.errors import InvalidCursor
from lotkeeper.web.forms import attempt
from lotkeeper.web.fragments import show

ROWS: Final = 30
_signer: Final = signing.Signer(salt="product-list")


def viewer(request: HttpRequest) -> Actor:
    """Who looks at the catalogue.

    Raises:
        PermissionRefused: for those who may look nowhere.
    """
    actor = actor_of(request)
    if not actor.may_somewhere(Permission.VIEW):
        raise PermissionRefused(permission=Permission.VIEW.value)
    return actor


@require_safe
@for_people
def product_list(request: HttpRequest) -> HttpResponse:
    """All products by name, or those that some words or a code name."""
    viewer(request)
    text = request.GET.get("q", "").strip()[:MAX_SEARCH_LENGTH]
    found = all_products().select_related("category")
    if text:
        found = search_products(found, text)
    if "after" in request.GET:
        try:
            name, product_id = _signer.unsign_object(request.GET["after"])
        except (signing.BadSignature, ValueError) as error:
            raise InvalidCursor from error
        found = found.filter(Q(name__gt=name) | Q(name=name, pk__gt=product_id))
    rows = list(found.order_by("name", "pk")[: ROWS + 1])
    shown = rows[:ROWS]
    more = None
    if len(rows) > ROWS:
        last = shown[-1]
        asked = {"q": text} if text else {}
        more = "?" + urlencode({**asked, "after": _signer.sign_object([last.name, last.pk])})
    context = {"products": shown, "more": more, "text": text}
    return show(request, "catalog/list.html", "rows" if "after" in request.GET else "results", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def product_new(request: HttpRequest) -> HttpResponse:
    """Make a product with its first variation; a picture can follow, or never."""
    actor = actor_of(request)
    actor.require(Permission.MANAGE_CATALOG)
    form = NewProductForm(request.POST or None, initial={"barcode": request.GET.get("code", "")})
    made = attempt(
        request,
        form,
        lambda: create_product(actor=actor, details=form.details(), variations=[form.first_variation()]),
    )
    if made.result is not None:
        messages.success(request, _("The product is made. Receive its goods, or give it a picture."))
        return redirect("product-page", made.result.pk)
    return render(request, "catalog/new.html", {"form": form}, status=made.status)


@require_http_methods(["GET", "HEAD", "POST"])
@for_people
def product_page(request: HttpRequest, product_id: int) -> HttpResponse:
    """A product with its variations, to look at or to change."""
    actor = viewer(request)
    product = one_of(all_products().select_related("category"), product_id, "product")
    form = ProductForm(request.POST or None, initial=as_it_is(product, ProductForm))
    changed = attempt(request, form, lambda: update_product(actor=actor, product_id=product_id, changes=form.details()))
    if changed.is_done:
        messages.success(request, _("The changes are kept."))
        return redirect("product-page", product_id)
    return _shown(request, product_id, form=form, status=changed.status)


@require_POST
@for_people
def product_picture(request: HttpRequest, product_id: int) -> HttpResponse:
    """Give a product a picture, or another one."""
    actor = viewer(request)
    picture = PictureForm(request.POST, request.FILES)
    # One byte more than is taken, so that what is too large is refused as such and not cut.
    kept = attempt(
        request,
        picture,
        lambda: set_product_image(
            actor=actor, product_id=product_id, content=picture.cleaned_data["image"].read(MAX_FILE_BYTES + 1)
        ),
    )
    if kept.is_done:
        messages.success(request, _("The picture is kept."))
        return redirect("product-page", product_id)
    return _shown(request, product_id, picture=picture, status=kept.status)


@require_POST
@for_people
def product_picture_remove(request: HttpRequest, product_id: int) -> HttpResponse:
    """Take a product's picture away."""
    remove_product_image(actor=viewer(request), product_id=product_id)
    messages.success(request, _("The picture is gone; a placeholder stands in its place."))
    return redirect("product-page", product_id)


@require_POST
@for_people
def product_archive(request: HttpRequest, product_id: int) -> HttpResponse:
    """Stop offering a product, or offer it again; its stock and history stay."""
    is_active = request.POST.get("offer") == "yes"
    update_product(actor=viewer(request), product_id=product_id, changes=ProductFields(is_active=is_active))
    said = _("The product is offered again.") if is_active else _("The product is archived; its history stays.")
    messages.success(request, said)
    return redirect("product-page", product_id)


def _shown(
    request: HttpRequest,
    product_id: int,
    *,
    form: ProductForm | None = None,
    picture: PictureForm | None = None,
    status: int = 200,
) -> HttpResponse:
    product = one_of(all_products().select_related("category"), product_id, "product")
    context = {
        "product": product,
        "form": form or ProductForm(initial=as_it_is(product, ProductForm)),
        "picture_form": picture or PictureForm(),
        "picture_address": reverse("product-picture-page", args=[product_id]),
    }
    return render(request, "catalog/product.html", context, status=status)
