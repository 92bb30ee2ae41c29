"""How an API token is written: ``lk_<tenant>_<prefix>_<secret>``. Pure: no Django, no database.

The tenant stands in the token, so that it can be looked up under row-level security; the prefix finds its row and
names it on screens; only the SHA-256 of the whole is kept. A fast hash is right here: nobody guesses 256 random bits.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass

from lotkeeper.core.quantity import MAX_ID

_PREFIX_BYTES = 4
_SECRET_BYTES = 32
_FORM = re.compile(r"lk_([1-9][0-9]{0,18})_([0-9a-f]{8})_([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TokenParts:
    """What a well-formed token tells before anything is looked up."""

    tenant_id: int
    prefix: str


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as it is shown to a person, once, and the prefix it is known by afterwards."""

    plain: str
    prefix: str


def new_token(tenant_id: int) -> NewToken:
    """A fresh token for a tenant, from the system's randomness."""
    prefix = secrets.token_hex(_PREFIX_BYTES)
    return NewToken(plain=f"lk_{tenant_id}_{prefix}_{secrets.token_urlsafe(_SECRET_BYTES)}", prefix=prefix)


def parse_token(token: str) -> TokenParts | None:
    """The tenant and prefix of a token, or None if no token looks like that."""
    found = _FORM.fullmatch(token)
    if found is None or int(found[1]) > MAX_ID:
        return None
    return TokenParts(tenant_id=int(found[1]), prefix=found[2])


def digest_of(token: str) -> bytes:
    """What is kept of a token or a one-time link."""
    return hashlib.sha256(token.encode()).digest()
