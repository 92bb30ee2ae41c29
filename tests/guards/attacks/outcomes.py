"""What an attack is, and what may come of it.

The attacker connects as the application (``lk_app``), as the owner of the tables (``lk_owner``) or as the server's
superuser, and speaks SQL. ``:name`` stands for an id of the target. What may come of an attack:

* ``Refused``: the database answers with this SQLSTATE, at the latest when the transaction would be committed.
* ``NoEffect``: it is accepted, and nothing of the ledger has changed.
* ``Sound``: it is accepted as an ordinary posting, for which every promise of the ledger holds.
* ``Detected``: it changes something, and these checks of ``lotkeeper check`` fail.
* ``KnownLimit``: it rewrites history so that all of it agrees again. Nothing inside a database can hold its superuser
  to the truth. What stands outside can: the journal finds these things changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

APP, OWNER, SUPERUSER = "lk_app", "lk_owner", "postgres"


@dataclass(frozen=True)
class Refused:
    sqlstate: str


@dataclass(frozen=True)
class NoEffect:
    pass


@dataclass(frozen=True)
class Sound:
    pass


class Detected(frozenset[str]):
    """The names of the checks that fail."""

    def __new__(cls, *names: str) -> Self:
        return super().__new__(cls, names)


@dataclass(frozen=True)
class KnownLimit:
    why: str
    #: What a journal that was exported before finds changed: batches and operations, by their names in the target.
    journal: frozenset[str] = frozenset()


Outcome = Refused | NoEffect | Sound | Detected | KnownLimit


@dataclass(frozen=True)
class Copy:
    """A COPY ... FROM STDIN and the row it sends."""

    statement: str
    row: Sequence[object] = field(default_factory=tuple)


@dataclass(frozen=True)
class Attack:
    name: str
    role: str
    steps: Sequence[str | Copy]
    outcome: Outcome


NO_RIGHT, WRITE, CHANGE = Refused("42501"), Refused("LK001"), Refused("LK002")
FOREIGN_KEY, CHECK = Refused("23503"), Refused("23514")


TABLES = ("stock_movement", "stock_batch", "stock_operation", "stock_item", "stock_count")

LAST_LINE = "tenant_id = :tenant AND batch_id = :batch AND version = 5"
