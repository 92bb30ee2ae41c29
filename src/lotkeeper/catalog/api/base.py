"""What the catalogue's views share."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from lotkeeper.accounts.authentication import actor_of
from lotkeeper.accounts.policies import Permission
from lotkeeper.core.errors import PermissionRefused
from lotkeeper.web.api import Endpoint


class CatalogEndpoint(Endpoint):
    """A set of views that anybody of the business may read; who may write is for the operations to say."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse whoever may not even look."""
        super().initial(request, *args, **kwargs)
        if not actor_of(request).may_somewhere(Permission.VIEW):
            raise PermissionRefused(permission=Permission.VIEW.value)
