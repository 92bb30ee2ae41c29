"""Whether the ledger keeps its promises: named checks, each one SQL statement that finds the rows that break it.

A slice keeps its checks in ``sql/checks/*.sql``: the file's name is the check's, its first lines say what is promised
and which table is read. ``docs/explanation/ledger.md`` tells what each of them can and cannot see.
"""

from lotkeeper.stock.checks.remembered import LastCheck, check_and_remember, last_check
from lotkeeper.stock.checks.running import CheckResult, check_names, check_tenant, run_checks

__all__ = [
    "CheckResult",
    "LastCheck",
    "check_and_remember",
    "check_names",
    "check_tenant",
    "last_check",
    "run_checks",
]
