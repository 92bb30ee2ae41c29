"""A call that is its own transaction goes over the connection used last; one inside a transaction is a part of that."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection, transaction

from lotkeeper.core.postgres.calls import array_text, bytes_array, call, hang_up, text_array


def _backend() -> int:
    ((pid,),) = call("SELECT pg_backend_pid()")
    return int(pid)


def _is_connected(pid: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [pid])
        return bool(cursor.fetchone()[0])


def test_one_call_after_another_goes_over_one_connection_whatever_the_thread() -> None:
    pid = _backend()

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(_backend).result(10) == pid
    assert _backend() == pid


def test_a_call_inside_a_transaction_is_a_part_of_it() -> None:
    outside = _backend()

    with transaction.atomic():
        connection.ensure_connection()
        assert _backend() == connection.connection.info.backend_pid != outside


def test_two_calls_at_once_have_a_connection_each() -> None:
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: call("SELECT pg_backend_pid() FROM pg_sleep(0.2)")[0][0], range(2)))

    assert len(set(both)) == 2


def test_a_call_that_fails_leaves_its_connection_in_order() -> None:
    pid = _backend()

    with pytest.raises(psycopg.errors.DivisionByZero):
        call("SELECT 1 / 0")

    assert _backend() == pid


def test_a_connection_that_the_server_ended_is_not_used_again() -> None:
    pid = _backend()

    with transaction.atomic():
        assert call("SELECT pg_terminate_backend(%s, 10000)", pid) == [(True,)]

    assert _backend() != pid


def test_idle_connections_can_be_hung_up() -> None:
    pid = _backend()

    hang_up()

    assert _backend() != pid
    while _is_connected(pid):
        pass


ODD_TEXTS = ["", "plain", 'a "quoted" one', "back\\slash", "{braces},commas", "NULL", "naïve €", "line\nbreak"]


def test_arrays_arrive_as_they_were_sent() -> None:
    statement = "SELECT %s::text::text[], %s::text::bytea[], %s::text::bigint[]"
    pieces = [b"", b"\x00\xff", b"{\\}"]

    ((texts, binary, numbers),) = call(statement, text_array(ODD_TEXTS), bytes_array(pieces), array_text([1, None]))

    assert texts == ODD_TEXTS
    assert [bytes(piece) for piece in binary] == pieces
    assert numbers == [1, None]
