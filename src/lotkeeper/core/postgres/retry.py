"""One transaction for one operation, tried again when the database says that trying again is safe."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import DatabaseError, connection, transaction

Answer = TypeVar("Answer")

#: Serialization failure, deadlock, lock timeout: nothing was written, and the same work may succeed.
_PASSING = frozenset({"40001", "40P01", "55P03"})
_ATTEMPTS = 5
_FIRST_WAIT_SECONDS = 0.01


def in_transaction(work: Callable[[], Answer]) -> Answer:
    """Do the work in one transaction; inside an open one, as a part of it that fails or holds by itself.

    Only the outermost transaction is tried again: what went before it in an open one would be lost.

    Raises:
        DatabaseError: when it fails for good, or for the fifth time.
    """
    if connection.in_atomic_block:
        with transaction.atomic():
            return work()

    def transact() -> Answer:
        with transaction.atomic():
            return work()

    return _tried_again(transact)


def in_one_statement(call: Callable[[], Answer]) -> Answer:
    """Do work that is one call of one function in the database, which is a transaction by itself: no BEGIN, no COMMIT.

    Inside an open transaction it is a part of that, as with ``in_transaction``.

    Raises:
        DatabaseError: when it fails for good, or for the fifth time.
    """
    if connection.in_atomic_block:
        return in_transaction(call)
    return _tried_again(call)


def _tried_again(work: Callable[[], Answer]) -> Answer:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return work()
        except DatabaseError as error:
            if attempt == _ATTEMPTS or getattr(error.__cause__, "sqlstate", None) not in _PASSING:
                raise
            # With jitter, so that two that met do not meet again.
            time.sleep(_FIRST_WAIT_SECONDS * 2**attempt * random.random())  # noqa: S311  # no secret hangs on it
    raise AssertionError
