"""Barcodes: many to a variation, each meaning one thing in the whole shop."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.errors import BarcodeTaken, TooMany
from lotkeeper.catalog.models import Barcode, ItemVariation, Pack
from lotkeeper.catalog.operations._saving import check_values, save_row
from lotkeeper.catalog.policies import code_to_keep, lookup_code
from lotkeeper.core.errors import NotFound
from lotkeeper.core.tenancy import tenant_scope

#: A variation is shown with all its barcodes.
MAX_BARCODES_PER_VARIATION: Final = 100


def add_barcode(*, actor: Actor, variation_id: int, code: str, pack_id: int | None = None) -> Barcode:
    """Put a barcode on a variation, or on one of its packs: a scan then means the whole pack.

    The code may be scanned as it is: of a GS1 message only the product number is kept.

    Raises:
        InvalidRequest: if the code cannot be kept.
        NotFound: if there is no such variation, or it has no such pack.
        BarcodeTaken: if the code, in any of its lengths, is on something already; the fields name the holder.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        variation = lock_variation(variation_id)
        pack = None
        if pack_id is not None:
            pack = Pack.objects.filter(pk=pack_id, variation_id=variation_id).first()
            if pack is None:
                raise NotFound("pack", pack_id=pack_id, variation_id=variation_id)
        barcode = put_barcode(variation, code, pack=pack)
        mark_changed(variation_id)
    return barcode


def remove_barcode(*, actor: Actor, barcode_id: int) -> None:
    """Take a barcode off, so that it can be given to something else.

    Raises:
        NotFound: if there is no such barcode.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        barcode = Barcode.objects.filter(pk=barcode_id).first()
        if barcode is None:
            raise NotFound("barcode", barcode_id=barcode_id)
        mark_changed(barcode.variation_id)
        barcode.delete()


def put_barcode(variation: ItemVariation, code: str, *, pack: Pack | None) -> Barcode:
    """Put a code on a variation that is locked or new: the part that several operations share."""
    if variation.barcodes.count() >= MAX_BARCODES_PER_VARIATION:
        raise TooMany(limit=MAX_BARCODES_PER_VARIATION, what="barcodes of one variation")
    barcode = Barcode(variation=variation, pack=pack, code=code_to_keep(code))
    check_values(barcode)
    save_row(barcode, lambda: _taken(barcode.code))
    return barcode


def lock_variation(variation_id: int) -> ItemVariation:
    """The variation, whose barcodes and packs nobody else changes until this transaction ends.

    Raises:
        NotFound: if there is no such variation.
    """
    variation: ItemVariation | None = (
        ItemVariation.objects.select_for_update(no_key=True).filter(pk=variation_id).first()
    )
    if variation is None:
        raise NotFound("variation", variation_id=variation_id)
    return variation


def mark_changed(variation_id: int) -> None:
    """Let those who keep a copy of the variation see that its barcodes or packs changed."""
    ItemVariation.objects.filter(pk=variation_id).update(updated_at=timezone.now())


def _taken(code: str) -> BarcodeTaken:
    holder = Barcode.objects.select_related("variation__product").filter(lookup_code=lookup_code(code)).first()
    if holder is None:
        return BarcodeTaken(code=code, product_name="something else", sku="?")
    return BarcodeTaken(
        code=code,
        barcode_id=holder.pk,
        variation_id=holder.variation_id,
        sku=holder.variation.sku,
        product_id=holder.variation.product_id,
        product_name=holder.variation.product.name,
        pack_id=holder.pack_id,
    )
