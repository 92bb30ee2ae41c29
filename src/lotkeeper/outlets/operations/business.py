"""Setting up: the first business, its first outlet and its owner, all at once."""

from __future__ import annotations

import datetime as dt

from lotkeeper.accounts.operations.setup import use_setup_link
from lotkeeper.accounts.operations.tenants import NewTenant, TenantDetails, add_tenant, new_tenant_transaction
from lotkeeper.outlets.operations.outlets import create_outlet


def open_business(*, setup_token: str, now: dt.datetime, details: TenantDetails, outlet_name: str) -> NewTenant:
    """Use the one-time link to create the business, its owner and its first outlet; all of it or nothing.

    Opens its own transaction, in the new tenant: not to be called inside another.

    Raises:
        SetupLinkInvalid: if the link is unknown, used or expired.
        AlreadySetUp: if there is a business already.
        InvalidRequest: if something entered cannot be used.
    """
    with new_tenant_transaction() as tenant_id:
        use_setup_link(token=setup_token, now=now)
        business = add_tenant(tenant_id=tenant_id, details=details)
        create_outlet(actor=business.actor, name=outlet_name, timezone=details.timezone)
    return business
