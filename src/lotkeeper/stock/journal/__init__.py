"""The ledger once more, outside the database: what was exported cannot be rewritten there without being found here.

A business has one file of JSON lines that only grows. Each export adds what was committed since the last one and ends
with a signed checkpoint over the last line of every batch. ``docs/explanation/journal.md`` tells what that shows.
"""

from lotkeeper.stock.journal.comparing import CHECK_NAME, check_journal, differences, verify_tenant
from lotkeeper.stock.journal.exporting import Exported, JournalContradicted, export_journal, export_journals
from lotkeeper.stock.journal.files import JournalDamaged, JournalRefused
from lotkeeper.stock.journal.places import JournalPlace, journal_place
from lotkeeper.stock.journal.restoring import RestoreRefused, restore_journal

__all__ = [
    "CHECK_NAME",
    "Exported",
    "JournalContradicted",
    "JournalDamaged",
    "JournalPlace",
    "JournalRefused",
    "RestoreRefused",
    "check_journal",
    "differences",
    "export_journal",
    "export_journals",
    "journal_place",
    "restore_journal",
    "verify_tenant",
]
