"""Suppliers: made, renamed, deleted when nothing comes from them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.db import transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.errors import SupplierNameTaken, TooMany
from lotkeeper.catalog.models import Supplier
from lotkeeper.catalog.operations._saving import check_values, delete_unused, save_row
from lotkeeper.core.errors import NotFound
from lotkeeper.core.tenancy import tenant_scope

#: All of them are shown at once to choose from.
MAX_SUPPLIERS: Final = 2000


def create_supplier(*, actor: Actor, name: str) -> Supplier:
    """Note whom the shop buys from.

    Raises:
        SupplierNameTaken: if there already is one of that name.
        TooMany, InvalidRequest.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        if Supplier.objects.count() >= MAX_SUPPLIERS:
            raise TooMany(limit=MAX_SUPPLIERS, what="suppliers")
        return _saved(Supplier(name=name))


def rename_supplier(*, actor: Actor, supplier_id: int, name: str) -> Supplier:
    """Give a supplier another name.

    Raises:
        NotFound: if there is no such supplier.
        SupplierNameTaken: if there already is one of that name.
        InvalidRequest.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        supplier = _supplier(supplier_id)
        supplier.name = name
        return _saved(supplier)


def delete_supplier(*, actor: Actor, supplier_id: int) -> None:
    """Delete a supplier that nothing names.

    Raises:
        NotFound: if there is no such supplier.
        StillInUse: if a product or a stock take names it.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        delete_unused(_supplier(supplier_id), "supplier")


def require_suppliers(supplier_ids: Collection[int]) -> None:
    """Make sure that suppliers are here.

    Raises:
        NotFound: naming one that is not.
    """
    missing = set(supplier_ids) - set(Supplier.objects.filter(pk__in=supplier_ids).values_list("id", flat=True))
    if missing:
        raise NotFound("supplier", supplier_id=min(missing))


def _supplier(supplier_id: int) -> Supplier:
    supplier: Supplier | None = Supplier.objects.filter(pk=supplier_id).first()
    if supplier is None:
        raise NotFound("supplier", supplier_id=supplier_id)
    return supplier


def _saved(supplier: Supplier) -> Supplier:
    check_values(supplier)
    save_row(supplier, lambda: SupplierNameTaken(name=supplier.name))
    return supplier
