"""A worker that is killed takes no job with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from procrastinate.contrib.django import app

PATIENCE_SECONDS = 60
JOB = "lapse_every_reservation"

pytestmark = pytest.mark.usefixtures("business", "no_other_jobs")


@pytest.fixture
def no_other_jobs(owner_connection: psycopg.Connection) -> None:
    owner_connection.execute("DELETE FROM procrastinate_jobs")


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "django", "procrastinate", "worker"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(connection: psycopg.Connection, job_id: int, status: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (seen := state(connection, job_id))[0] != status:
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)


def state(connection: psycopg.Connection, job_id: int) -> tuple[str, int]:
    row = connection.execute("SELECT status, attempts FROM procrastinate_jobs WHERE id = %s", [job_id]).fetchone()
    assert row is not None
    return row


def strand(owner_connection: psycopg.Connection, job_id: int) -> None:
    """A worker that could not get on with the job is killed in it, and has been silent for long enough."""
    with owner_connection.transaction():
        owner_connection.execute("LOCK TABLE accounts_tenant IN ACCESS EXCLUSIVE MODE")
        with worker() as victim:
            wait_until(owner_connection, job_id, "doing")
            victim.send_signal(signal.SIGKILL)
    owner_connection.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 seconds'")


def put_back() -> None:
    """The schedule would do so at the next full minute."""
    app.configure_task("put_stranded_jobs_back", queueing_lock="by hand").defer(timestamp=0)


def test_a_job_whose_worker_was_killed_runs_again(owner_connection: psycopg.Connection) -> None:
    job_id = app.configure_task(JOB, queueing_lock="own").defer(timestamp=0)
    strand(owner_connection, job_id)
    assert state(owner_connection, job_id) == ("doing", 0)

    put_back()
    with worker():
        wait_until(owner_connection, job_id, "succeeded")
    assert state(owner_connection, job_id) == ("succeeded", 2)


def test_when_the_next_of_its_kind_waits_already_that_one_runs(owner_connection: psycopg.Connection) -> None:
    job_id = app.configure_task(JOB, queueing_lock="own").defer(timestamp=0)
    strand(owner_connection, job_id)

    put_back()
    next_id = app.configure_task(JOB, queueing_lock="own", schedule_in={"hours": 1}).defer(timestamp=0)
    with worker():
        wait_until(owner_connection, job_id, "aborted")
    assert state(owner_connection, next_id) == ("todo", 0)


def test_a_job_in_which_worker_after_worker_dies_is_given_up(owner_connection: psycopg.Connection) -> None:
    job_id = app.configure_task(JOB, queueing_lock="own").defer(timestamp=0)
    owner_connection.execute("UPDATE procrastinate_jobs SET attempts = 5 WHERE id = %s", [job_id])
    strand(owner_connection, job_id)

    put_back()
    with worker():
        wait_until(owner_connection, job_id, "failed")
