"""Packs: exact whole multiples of a variation's unit."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.errors import PackNameTaken, TooMany
from lotkeeper.catalog.models import Pack
from lotkeeper.catalog.operations._saving import check_values, delete_unused, save_row
from lotkeeper.catalog.operations.barcodes import lock_variation, mark_changed
from lotkeeper.core.errors import NotFound
from lotkeeper.core.tenancy import tenant_scope

#: A variation is shown with all its packs.
MAX_PACKS_PER_VARIATION: Final = 20


def create_pack(*, actor: Actor, variation_id: int, name: str, factor: int) -> Pack:
    """Say how a variation is boxed: a box of 9 is exactly 9 of the unit.

    A pack's factor is never changed afterwards, since labels and open orders rely on it: make another pack.

    Raises:
        InvalidRequest: if the name or the factor cannot be kept.
        NotFound: if there is no such variation.
        PackNameTaken: if the variation has a pack of this name.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        variation = lock_variation(variation_id)
        if variation.packs.count() >= MAX_PACKS_PER_VARIATION:
            raise TooMany(limit=MAX_PACKS_PER_VARIATION, what="packs of one variation")
        pack = Pack(variation=variation, name=name, factor=factor)
        check_values(pack)
        save_row(pack, lambda: PackNameTaken(name=pack.name, variation_id=variation_id))
        mark_changed(variation_id)
    return pack


def delete_pack(*, actor: Actor, pack_id: int) -> None:
    """Delete a pack that carries no barcode.

    Raises:
        NotFound: if there is no such pack.
        StillInUse: if a barcode is on it.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        pack = Pack.objects.filter(pk=pack_id).first()
        if pack is None:
            raise NotFound("pack", pack_id=pack_id)
        lock_variation(pack.variation_id)
        delete_unused(pack, "pack")
        mark_changed(pack.variation_id)
