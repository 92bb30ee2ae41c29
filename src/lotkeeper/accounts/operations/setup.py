"""The one-time link that opens an empty Lotkeeper to its first owner."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Final

from django.db import transaction
from django.utils import timezone

from lotkeeper.accounts.errors import AlreadySetUp, SetupLinkInvalid
from lotkeeper.accounts.models import SetupLink, Tenant
from lotkeeper.accounts.tokens import digest_of

LINK_LIFETIME: Final = dt.timedelta(hours=24)


def new_setup_link(*, now: dt.datetime | None = None) -> str:
    """The path of a fresh set-up page, such as ``/setup/…/``; every older link stops working.

    Raises:
        AlreadySetUp: if there is a business already.
    """
    moment = now if now is not None else timezone.now()
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        if Tenant.objects.exists():
            raise AlreadySetUp
        SetupLink.objects.filter(used_at=None).update(used_at=moment)
        SetupLink.objects.create(digest=digest_of(token), expires_at=moment + LINK_LIFETIME)
    return f"/setup/{token}/"


def check_setup_link(*, token: str, now: dt.datetime) -> None:
    """Refuse a link that does not work, before its form is shown.

    Raises:
        AlreadySetUp: if there is a business already.
        SetupLinkInvalid: if the link is unknown, used or expired.
    """
    if Tenant.objects.exists():
        raise AlreadySetUp
    if not SetupLink.objects.filter(digest=digest_of(token), used_at=None, expires_at__gt=now).exists():
        raise SetupLinkInvalid


def use_setup_link(*, token: str, now: dt.datetime) -> None:
    """Use the link up, inside the transaction that creates the business: both happen or neither.

    Two people who press the button at once queue on the link's row; the second finds it used.

    Raises:
        SetupLinkInvalid: if the link is unknown, used or expired.
        AlreadySetUp: if there is a business already.
    """
    links = SetupLink.objects.filter(digest=digest_of(token), used_at=None, expires_at__gt=now)
    if links.update(used_at=now) != 1:
        raise SetupLinkInvalid
    if Tenant.objects.exists():
        raise AlreadySetUp
