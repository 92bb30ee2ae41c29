"""The pictures of products, for the people of the business they belong to."""

from __future__ import annotations

from typing import Final

from django.core.files.storage import default_storage
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from lotkeeper.accounts.policies import Actor, Permission

#: A picture's name is never used for another picture.
_CACHE_CONTROL: Final = "private, max-age=31536000, immutable"


@require_safe
@transaction.non_atomic_requests
def product_image(request: HttpRequest, tenant_id: int, name: str) -> HttpResponseBase:
    """Serve a product's picture; to anybody else it does not exist."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.tenant_id != tenant_id or not actor.may_somewhere(Permission.VIEW):
        raise Http404
    try:
        picture = default_storage.open(f"products/{tenant_id}/{name}.webp")
    except FileNotFoundError as error:
        raise Http404 from error
    # The type is ours to say, not to guess: whatever the file held, a browser only ever paints it.
    headers = {"Cache-Control": _CACHE_CONTROL, "X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    return FileResponse(picture, content_type="image/webp", headers=headers)
