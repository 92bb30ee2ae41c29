"""One line for each request, which way it went, and nothing in it that opens a door."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient
from tests.stock.conftest import Shop
from tests.stock.test_api_till import Till

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.request_log import log_request, log_till_sale
from lotkeeper.stock.api.till import PATH

Told = Callable[[], list[dict[str, Any]]]
KEYS = [
    "method",
    "route",
    "status",
    "duration_ms",
    "tenant",
    "user",
    "token",
    "operation",
    "event",
    "level",
    "timestamp",
]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """The lines that were written since it was last asked."""

    def lines() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return lines


def test_a_sale_is_told_the_ordinary_way_and_a_plain_one_only_when_it_was_slow(
    shop: Shop, client_for: Callable[..., APIClient], told: Told
) -> None:
    client = client_for(shop.actor)
    till = Till(client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
    item = shop.variation()
    shop.receive(item, 10)
    sale = {"variation_id": item.pk, "quantity": 1, "outlet_id": shop.outlet.pk}
    token_id = client.get("/api/v1/tokens/").json()["results"][0]["id"]
    told()

    answer = client.post(PATH, {**sale, "reference_id": "a"})
    status, _, headers = till.send({**sale, "reference_id": "b"})
    assert (answer.status_code, status, till.ordinary_calls) == (200, 200, 0)

    (ordinary,) = told()
    log_till_sale(route=PATH, seconds=1.2, actor=shop.actor, operation_id=int(headers["operation-id"]))
    (slow,) = told()
    assert list(ordinary) == list(slow) == KEYS
    for line, level, token, operation_id in (
        (ordinary, "info", token_id, answer["Operation-Id"]),
        (slow, "warning", None, headers["operation-id"]),
    ):
        assert 0 < line.pop("duration_ms") < 60_000
        assert line.pop("timestamp").endswith("Z")
        assert line == {
            "event": "request",
            "level": level,
            "method": "POST",
            "route": "/api/v1/inventory/deduct/",
            "status": 200,
            "tenant": shop.actor.tenant_id,
            "user": shop.actor.user_id,
            "token": token,
            "operation": int(operation_id),
        }


def test_a_refusal_is_one_line_too(business: NewTenant, client_for: Callable[..., APIClient], told: Told) -> None:
    client = client_for(business.actor)
    told()
    assert client.get("/api/v1/outlets/9999999/").status_code == 404
    assert client.get("/api/v1/nothing/").status_code == 404
    assert Client().get("/api/v1/outlets/").status_code == 401
    found, nowhere, unknown = told()
    assert (found["status"], found["route"], found["level"]) == (404, "/api/v1/outlets/<id:outlet_id>/", "info")
    assert (found["tenant"], found["operation"]) == (business.tenant.pk, None)
    assert (nowhere["status"], nowhere["route"]) == (404, None)
    assert (unknown["status"], unknown["tenant"], unknown["user"], unknown["token"]) == (401, None, None, None)


def test_nothing_that_opens_a_door_is_told(client_for: Callable[..., APIClient], capsys: Any) -> None:
    token = f"lk_1_{'0' * 8}_{'s' * 40}"
    Client().get("/api/v1/outlets/?secret-of-query=1", headers={"authorization": f"Bearer {token}"})
    Client().post("/accounts/login/", {"login": "olu@shop.example", "password": "secret-of-form"})
    Client().get("/setup/secret-of-link/")
    Client().get("/accounts/password/reset/key/1-secret-of-letter/")
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 4
    assert [word for word in ("secret", "ssss", "olu@") if word in written] == []


def test_that_the_house_stands_is_no_news(told: Told) -> None:
    assert Client().get("/healthz").status_code == 200
    assert told() == []


@pytest.mark.parametrize(
    ("status", "seconds", "level"),
    [(200, 0.2, "info"), (409, 0.2, "info"), (200, 1.2, "warning"), (503, 0.2, "error"), (507, 2.0, "error")],
)
def test_what_failed_or_was_slow_stands_out(told: Told, status: int, seconds: float, level: str) -> None:
    log_request(method="GET", route="/", status=status, seconds=seconds, actor=None, operation_id=None)
    [line] = told()
    assert (line["level"], line["duration_ms"]) == (level, seconds * 1000)


def test_a_log_that_cannot_be_written_stops_no_sale(
    shop: Shop, client_for: Callable[..., APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    till = Till(client_for(shop.actor)._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
    item = shop.variation()
    shop.receive(item, 10)
    with open("/dev/full", "w", buffering=1) as full:  # noqa: PTH123  # a disk without room
        monkeypatch.setattr(sys, "stderr", full)
        sale = {"variation_id": item.pk, "quantity": 1, "outlet_id": shop.outlet.pk, "reference_id": "a"}
        status, _, _ = till.send(sale)
        monkeypatch.undo()
        with suppress(OSError):
            full.close()
    assert (status, till.ordinary_calls) == (200, 0)
    assert shop.on_hand(item) == {"A": 9}


SAYS = """
import django, logging, structlog
django.setup()
structlog.get_logger().info("request", status=200)
password = "secret" + "-of-variable"
try:
    raise ValueError("a fault")
except ValueError:
    logging.getLogger("django.request").error("Internal Server Error: %s", "/x", exc_info=True)
logging.getLogger("django.request").error("Service Unavailable: /x")
logging.getLogger("some.library").warning("careful")
logging.getLogger("some.library").info("chatter")
"""


def said(stderr: int) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "lotkeeper.config.settings"}
    subprocess.run([sys.executable, "-c", SAYS], env=environment, stderr=stderr, check=True)


def test_libraries_and_faults_are_told_in_the_same_form() -> None:
    reader, writer = os.pipe()
    said(writer)
    os.close(writer)
    with open(reader) as output:  # noqa: PTH123  # an open descriptor
        lines = [json.loads(line) for line in output]
    assert [(line["level"], line["event"]) for line in lines] == [
        ("info", "request"),
        ("error", "Internal Server Error: /x"),
        ("warning", "careful"),
    ]
    assert lines[1]["exception"].endswith("ValueError: a fault")
    assert "secret-of-variable" not in str(lines)
    assert (lines[1]["logger"], lines[2]["logger"]) == ("django.request", "some.library")


def test_on_a_terminal_lines_are_for_people() -> None:
    leader, follower = pty.openpty()
    said(follower)
    os.close(follower)
    with os.fdopen(leader, errors="replace") as output:
        first = output.readline()
    assert "request" in first
    assert "{" not in first
