"""What transfers refuse."""

from __future__ import annotations

from lotkeeper.core.errors import Conflict


class TransferNotInTransit(Conflict):
    """The transfer was received already."""

    code = "transfer_not_in_transit"
    title = "Nothing is in transit"
    sentence = "This transfer was received already."
