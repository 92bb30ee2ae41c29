"""A till's plain sale, under the token it came with: those that meet are posted together.

While one group of an outlet's sales is being written, those that come gather and are written together next, in one
transaction, each accepted or refused by itself. So the busier the shop, the larger the groups; a sale that comes alone
goes alone, and none waits for company.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lotkeeper.accounts.policies import Permission, roles_with, scopes_with
from lotkeeper.accounts.queries import actor_for_token
from lotkeeper.accounts.tokens import digest_of, parse_token
from lotkeeper.core.postgres.retry import in_one_statement
from lotkeeper.core.tenancy import current_tenant_id
from lotkeeper.stock import _ledger
from lotkeeper.stock._ledger import IssueLine, Posting, TokenSale
from lotkeeper.stock.operations._entry import past_entry
from lotkeeper.stock.operations._together import Together
from lotkeeper.stock.operations.issues import deduct_stock
from lotkeeper.stock.policies import MovementKind, OperationKind

_ROLES = roles_with(Permission.SELL)
_SCOPES = scopes_with(Permission.SELL)


class _Asked(NamedTuple):
    """A sale, and the token under which it is asked for."""

    token: str
    outlet_id: int
    line: IssueLine
    reference_id: str
    reason: str


def sell_at_till(*, token: str, outlet_id: int, line: IssueLine, reference_id: str, reason: str) -> Posting | None:
    """Sell one variation under a till's token, or do nothing and say None: ``deduct_stock`` then tells why.

    Args:
        token: who sells, as the till says it.
        outlet_id: where.
        line: what, in the base unit, from whichever batch expires first.
        reference_id: the till's own number; the same sale under it is posted once.
        reason: shown in the history.
    """
    asked = _Asked(token, outlet_id, line, reference_id, reason)
    return _together.ask((current_tenant_id(), outlet_id), asked)


def _sell(group: Sequence[_Asked]) -> Sequence[Posting | None]:
    if len(group) == 1:
        return [_sell_alone(group[0])]
    outcomes = in_one_statement(
        lambda: _ledger.sell_many(
            [_token_sale(asked) for asked in group], outlet_id=group[0].outlet_id, roles=_ROLES, scopes=_SCOPES
        )
    )
    return [None if outcome is None else outcome.posting_or_none() for outcome in outcomes]


def _token_sale(asked: _Asked) -> TokenSale:
    request = {"outlet_id": asked.outlet_id, "kind": MovementKind.SALE, "lines": [asked.line]}
    entry = past_entry(
        OperationKind.ISSUE, request, reference_id=asked.reference_id, reason=asked.reason, occurred_at=None
    )
    parts = parse_token(asked.token)
    assert parts
    return TokenSale(parts.prefix, digest_of(asked.token), entry, asked.line)


def _sell_alone(asked: _Asked) -> Posting | None:
    actor = actor_for_token(asked.token)
    if actor is None:
        return None
    return deduct_stock(
        actor=actor,
        outlet_id=asked.outlet_id,
        lines=[asked.line],
        reference_id=asked.reference_id,
        reason=asked.reason,
    )


_together: Together[_Asked, Posting] = Together(_sell)
