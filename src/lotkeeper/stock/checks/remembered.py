"""The last check of each business, remembered for the people who look: a check itself may take minutes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache

from lotkeeper.stock.checks.running import CheckResult, run_checks


@dataclass(frozen=True, slots=True)
class LastCheck:
    """When a business's ledger was checked, and how each check came out."""

    checked_at: dt.datetime
    results: Sequence[CheckResult]

    @property
    def failed(self) -> Sequence[CheckResult]:
        """The promises that did not hold."""
        return [result for result in self.results if not result.ok]

    @property
    def examined(self) -> int:
        """How many ledger lines were looked at."""
        return max((result.examined for result in self.results), default=0)


def check_and_remember(tenant_id: int, *, now: dt.datetime) -> LastCheck:
    """Run every check of one business, and keep what came out until the next time."""
    done = LastCheck(now, run_checks(tenant_id))
    cache.set(_key(tenant_id), done, timeout=None)
    return done


def last_check(tenant_id: int) -> LastCheck | None:
    """What came out last; None before the first time."""
    known: LastCheck | None = cache.get(_key(tenant_id))
    return known


def _key(tenant_id: int) -> str:
    return f"last-check-{tenant_id}"
