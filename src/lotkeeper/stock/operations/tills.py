"""A till's plain sale, under the token it came with: those that meet are posted together.

While one group of an outlet's sales is being written, those that come gather and are written together next, in one
transaction, each accepted or refused by itself. So the busier the shop, the larger the groups; a sale that comes alone
goes alone, and none waits for company.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lotkeeper.accounts.policies import Actor, Channel, Permission, roles_with, scopes_with
from lotkeeper.accounts.tokens import digest_of, parse_token
from lotkeeper.core.postgres.retry import in_one_statement
from lotkeeper.stock import _ledger
from lotkeeper.stock._ledger import IssueLine, Posting, SaleTold, TokenSale
from lotkeeper.stock.operations._entry import past_entry
from lotkeeper.stock.operations._together import Together
from lotkeeper.stock.operations.issues import checked_lines, issue_request
from lotkeeper.stock.policies import MovementKind, OperationKind

_ROLES = roles_with(Permission.SELL)
_SCOPES = scopes_with(Permission.SELL)


class TillSale(NamedTuple):
    """A till's sale that stands in the ledger, and who made it."""

    seller: Actor
    posting: Posting


def sell_at_till(*, token: str, outlet_id: int, line: IssueLine, reference_id: str, reason: str) -> TillSale | None:
    """Sell one variation under a till's token; None when it may not or cannot: ``deduct_stock`` tells why.

    Args:
        token: who sells, as the till says it.
        outlet_id: where.
        line: what, in the base unit, from whichever batch expires first.
        reference_id: the till's own number; the same sale under it is posted once.
        reason: shown in the history.

    Raises:
        Refusal: it makes no sense, or nobody else was there and it cannot.
    """
    parts = parse_token(token)
    if parts is None:
        return None
    lines = checked_lines([line])
    request = issue_request(outlet_id, MovementKind.SALE, lines)
    entry = past_entry(OperationKind.ISSUE, request, reference_id=reference_id, reason=reason, occurred_at=None)
    sale = TokenSale(parts.prefix, digest_of(token), outlet_id, entry, lines[0])
    told = _together.ask((parts.tenant_id, outlet_id), sale)
    if told is None:
        return None
    seller = Actor(parts.tenant_id, told.user_id, Channel.API, roles={}, token_id=told.token_id, scopes=frozenset())
    return TillSale(seller, told.posting())


def sell_group(group: Sequence[TokenSale]) -> Sequence[SaleTold | None]:
    """Post the sales of one outlet that met, in one transaction."""
    return in_one_statement(lambda: _ledger.sell_many(group, roles=_ROLES, scopes=_SCOPES))


_together: Together[TokenSale, SaleTold | None] = Together(sell_group)
