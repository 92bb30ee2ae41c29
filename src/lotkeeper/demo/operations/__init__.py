"""Making the demonstration shop."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction

from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.policies import Channel, Scope
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.demo.operations._shop import DemoShop, Progress
from lotkeeper.demo.operations.counts import count_shelves
from lotkeeper.demo.operations.example import example_variation_id, prepare_example
from lotkeeper.demo.operations.lots import hold_lots, receive_lots
from lotkeeper.demo.operations.people import hire_staff, open_business, open_outlets
from lotkeeper.demo.operations.shelves import fill_catalogue
from lotkeeper.demo.operations.today import open_today
from lotkeeper.demo.operations.year import trade
from lotkeeper.demo.policies.story import HARBOUR_ROAD

#: The same chances every time: two people who follow the tutorial see the same shop.
_SEED: Final = 421


@dataclass(frozen=True, slots=True)
class OpenedShop:
    """The shop, the token that was issued for it (kept nowhere else), and what the first request takes."""

    tenant_id: int
    token: str
    example_variation_id: int
    example_outlet_id: int


def open_demo_shop(*, weeks: int, now: dt.datetime, progress: Progress) -> OpenedShop:
    """Make the demonstration shop with so many weeks of trade behind it.

    Its people come last, in one transaction with everything they do: whoever can log in finds all of it. A run that was
    broken off leaves a business that nobody can enter, and the next run begins anew.

    Raises:
        EmailTaken: if its people are here already.
    """
    business = open_business()
    bookkeeper = replace(business.actor, channel=Channel.IMPORT)
    with tenant_scope(business.tenant.pk):
        with transaction.atomic():
            outlets = open_outlets(actor=bookkeeper)
            variations = fill_catalogue(actor=bookkeeper)
        shop = DemoShop(bookkeeper, outlets, variations, random.Random(_SEED), now)  # noqa: S311  # chance, not secrecy
        trade(shop=shop, weeks=weeks, progress=progress)
        with transaction.atomic():
            prepare_example(shop=shop, weeks=weeks)
            batches = receive_lots(shop=shop)
            staff = hire_staff(actor=business.actor, outlets=outlets)
            hold_lots(shop=shop, staff=staff, batches=batches)
            open_today(shop=shop, staff=staff)
            count_shelves(shop=shop, staff=staff)
            issued = issue_token(actor=staff.owner, name="First steps", scopes={Scope.STOCK}, now=now)
    return OpenedShop(business.tenant.pk, issued.plain, example_variation_id(shop), shop.outlet(HARBOUR_ROAD))


__all__ = ["OpenedShop", "open_demo_shop"]
