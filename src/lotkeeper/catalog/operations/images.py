"""A product's picture: optional, replaced or taken away at any time."""

from __future__ import annotations

from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from lotkeeper.accounts.policies import Actor, Permission
from lotkeeper.catalog.models import Product
from lotkeeper.catalog.operations._files import delete_on_commit
from lotkeeper.catalog.operations._pictures import MAX_FILE_BYTES, repaint
from lotkeeper.catalog.operations.products import lock_product
from lotkeeper.core.tenancy import tenant_scope

__all__ = ["MAX_FILE_BYTES", "remove_product_image", "set_product_image"]


def set_product_image(*, actor: Actor, product_id: int, content: bytes) -> Product:
    """Give a product a picture, in place of the one it has.

    Args:
        actor: who asks.
        product_id: the product.
        content: the uploaded file as it came; it is checked and painted anew.

    Raises:
        NotFound: if there is no such product.
        ImageTooLarge, ImageTooManyPixels, ImageNotReadable: if the file cannot be used.
    """
    actor.require(Permission.MANAGE_CATALOG)
    # Before the product is locked: this can take a second.
    painted = repaint(content)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        product = lock_product(product_id)
        delete_on_commit(product.image.name)
        # A name nobody can guess, and never one from outside.
        name = default_storage.save(f"products/{actor.tenant_id}/{uuid4().hex}.webp", ContentFile(painted))
        try:
            product.image.name = name
            product.save(update_fields=["image", "updated_at"])
        except BaseException:
            default_storage.delete(name)
            raise
    return product


def remove_product_image(*, actor: Actor, product_id: int) -> Product:
    """Take a product's picture away; nothing happens when it has none.

    Raises:
        NotFound: if there is no such product.
    """
    actor.require(Permission.MANAGE_CATALOG)
    with tenant_scope(actor.tenant_id), transaction.atomic():
        product = lock_product(product_id)
        if product.image:
            delete_on_commit(product.image.name)
            product.image = None
            product.save(update_fields=["image", "updated_at"])
    return product
