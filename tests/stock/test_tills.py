"""Who may sell at a till: looked up with the sale itself, alone and among others, as for every other call."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from tests.conftest import Colleague
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.operations.tokens import issue_token, revoke_token
from lotkeeper.accounts.operations.users import deactivate_user
from lotkeeper.accounts.policies import Permission, Role, Scope
from lotkeeper.accounts.queries import actor_for_token
from lotkeeper.accounts.tokens import digest_of, parse_token
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock._ledger import TokenSale
from lotkeeper.stock.models import Operation
from lotkeeper.stock.operations import IssueLine, Posting, past_entry, sell_at_till
from lotkeeper.stock.operations.tills import sell_group
from lotkeeper.stock.policies import OperationKind

_numbers = itertools.count(1)


def _token(
    shop: Shop,
    *,
    scopes: Sequence[Scope] = (Scope.STOCK,),
    user_id: int | None = None,
    is_expired: bool = False,
) -> str:
    now = timezone.now() - dt.timedelta(days=2)
    expires_at = now + dt.timedelta(days=1) if is_expired else None
    with transaction.atomic():
        return issue_token(
            actor=shop.actor, name="till", scopes=scopes, now=now, user_id=user_id, expires_at=expires_at
        ).plain


def _together(shop: Shop, variation_id: int, *tokens: str) -> list[Posting | None]:
    """One unit each, asked for at the same moment."""
    sales = []
    for token in tokens:
        parts = parse_token(token)
        assert parts is not None
        number = next(_numbers)
        entry = past_entry(OperationKind.ISSUE, {"number": number}, reference_id=f"sale-{number}", occurred_at=None)
        line = IssueLine(variation_id, Decimal(1))
        sales.append(TokenSale(parts.prefix, digest_of(token), shop.outlet.pk, entry, line))
    return [None if told is None else told.posting() for told in sell_group(sales)]


def _alone(shop: Shop, variation_id: int, token: str) -> Posting | None:
    line = IssueLine(variation_id, Decimal(1))
    sold = sell_at_till(
        token=token, outlet_id=shop.outlet.pk, line=line, reference_id=f"alone-{next(_numbers)}", reason=""
    )
    return None if sold is None else sold.posting


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("role", Role)
def test_who_may_sell_is_the_same_at_a_till(
    shop: Shop,
    business: NewTenant,
    colleague: Colleague,
    make_outlet: Callable[..., Outlet],
    *,
    role: Role,
    scope: Scope,
) -> None:
    item = shop.variation()
    shop.receive(item, 100)
    held_at = (None, shop.outlet.pk, make_outlet("Elsewhere").pk)
    people = [colleague(business, role, outlet_id) for outlet_id in held_at]
    tokens = [_token(shop, scopes=[scope], user_id=person.user_id) for person in people]
    actors = [actor_for_token(token) for token in tokens]
    allowed = [actor is not None and actor.may(Permission.SELL, shop.outlet.pk) for actor in actors]

    together = _together(shop, item.pk, *tokens)
    alone = [_alone(shop, item.pk, token) for token in tokens]

    assert [posting is not None for posting in together] == allowed
    assert [posting is not None for posting in alone] == allowed
    assert allowed[2] is False
    assert shop.on_hand(item) == {"A": 100 - 2 * sum(allowed)}


def _revoked(shop: Shop, token: str) -> str:
    actor = actor_for_token(token)
    assert actor is not None
    assert actor.token_id is not None
    with transaction.atomic():
        revoke_token(actor=shop.actor, token_id=actor.token_id, now=timezone.now())
    return token


def test_a_token_that_says_nothing_more_sells_nothing_and_stops_nobody(
    shop: Shop, business: NewTenant, colleague: Colleague
) -> None:
    item = shop.variation()
    shop.receive(item, 10)
    leaver = colleague(business, Role.CLERK)
    bad = [
        _revoked(shop, _token(shop)),
        _token(shop, is_expired=True),
        _token(shop, user_id=leaver.user_id),
        _token(shop)[:-4] + "AAAA",
    ]
    with transaction.atomic():
        deactivate_user(actor=shop.actor, user_id=leaver.user_id)

    answers = _together(shop, item.pk, *bad, shop.token)
    alone = [_alone(shop, item.pk, token) for token in bad]

    assert answers[:4] == alone == [None] * 4
    posted = answers[4]
    assert posted is not None
    assert shop.on_hand(item) == {"A": 9}
    with transaction.atomic():
        sold = Operation.objects.get(kind="issue")
    assert (sold.pk, sold.user_id, sold.channel) == (posted.operation_id, shop.actor.user_id, "api")


def test_nobody_sells_at_an_outlet_that_is_closed(shop: Shop) -> None:
    item = shop.variation()
    shop.receive(item, 10)
    with transaction.atomic():
        Outlet.objects.filter(pk=shop.outlet.pk).update(is_active=False)

    assert _together(shop, item.pk, shop.token, shop.token) == [None, None]
    assert _alone(shop, item.pk, shop.token) is None
    assert shop.on_hand(item) == {"A": 10}


def test_a_token_of_another_business_sells_nothing_here(shop: Shop, make_business: Callable[[], NewTenant]) -> None:
    item = shop.variation()
    shop.receive(item, 10)
    other = make_business()
    with tenant_scope(other.tenant.pk), transaction.atomic():
        foreign = issue_token(actor=other.actor, name="till", scopes=(Scope.STOCK,), now=timezone.now()).plain

    assert _together(shop, item.pk, foreign, foreign) == [None, None]
    with tenant_scope(other.tenant.pk):
        assert _alone(shop, item.pk, foreign) is None
    assert shop.on_hand(item) == {"A": 10}
