"""The edge: whatever is sent, the answer is a problem with a stable code, never a fault."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory
from psycopg import errors
from rest_framework.test import APIClient

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.core.errors import Conflict
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.web import pages
from lotkeeper.web.problems import problem_body, refusal_for

JSON = "application/json"
MEMBERS = {"type", "title", "status", "detail", "code", "fields"}


@pytest.fixture
def api(business: NewTenant, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(business.actor)


def outlet_count(business: NewTenant) -> int:
    with tenant_scope(business.tenant.pk), transaction.atomic():
        return Outlet.objects.count()


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert set(body) - {"errors"} == MEMBERS
    assert body["type"] == f"/problems/{code}"
    assert body["code"] == code
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_nobody_is_told_how_to_get_in() -> None:
    answer = Client().get("/api/v1/outlets/")
    assert_problem(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"] == 'Bearer realm="lotkeeper"'


def test_an_unknown_address_a_wrong_verb_and_a_wrong_format(api: APIClient) -> None:
    assert_problem(api.get("/api/v1/nothing/"), 404, "not_found")
    assert_problem(Client().get("/api/nothing"), 404, "not_found")
    wrong_verb = api.delete("/api/v1/outlets/")
    assert_problem(wrong_verb, 405, "method_not_allowed")
    assert wrong_verb["Allow"] == "GET, POST, HEAD"
    assert_problem(api.options("/api/v1/outlets/"), 405, "method_not_allowed")
    assert_problem(api.options("/api/v1/me/"), 405, "method_not_allowed")
    form = api.post("/api/v1/outlets/", "name=x", content_type="application/x-www-form-urlencoded")
    assert_problem(form, 415, "unsupported_media_type")
    assert_problem(api.get("/api/v1/outlets/", HTTP_ACCEPT="text/html"), 406, "not_acceptable")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"not json",
        b"\xff\xfe",
        b'{"name": "\xff"}',
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": -Infinity}',
        b'{"name": "a\\u0000b", "timezone": "UTC"}',
        b'{"name": "\\ud800", "timezone": "UTC"}',
        b'{"\\u0000": 1, "name": "A", "timezone": "UTC"}',
        b'{"name": "a\x00b", "timezone": "UTC"}',
        b'{"name": 1e99999999999999999999}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_a_body_that_is_not_usable_json(api: APIClient, business: NewTenant, body: bytes) -> None:
    assert_problem(api.post("/api/v1/outlets/", body, content_type=JSON), 400, "malformed_request")
    assert outlet_count(business) == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (None, "request"),
        ([], "request"),
        (3, "request"),
        ("text", "request"),
        ({}, "name"),
        ({"name": None, "timezone": "UTC"}, "name"),
        ({"name": 5, "timezone": "UTC"}, "name"),
        ({"name": True, "timezone": "UTC"}, "name"),
        ({"name": 1.5, "timezone": "UTC"}, "name"),
        ({"name": ["x"], "timezone": "UTC"}, "name"),
        ({"name": {"x": 1}, "timezone": "UTC"}, "name"),
        ({"name": "", "timezone": "UTC"}, "name"),
        ({"name": "n" * 121, "timezone": "UTC"}, "name"),
        ({"name": "A", "timezone": "Mars"}, "timezone"),
        ({"name": "A", "timezone": "UTC", "address": "a" * 1001}, "address"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(api: APIClient, business: NewTenant, body: Any, field: str) -> None:
    answer = api.post("/api/v1/outlets/", json.dumps(body), content_type=JSON)
    problem = assert_problem(answer, 400, "invalid_request")
    assert field in problem["errors"]
    assert all(isinstance(sentence, str) for sentences in problem["errors"].values() for sentence in sentences)
    assert outlet_count(business) == 0


def test_an_empty_body_misses_every_field(api: APIClient) -> None:
    problem = assert_problem(api.post("/api/v1/outlets/", b"", content_type=JSON), 400, "invalid_request")
    assert set(problem["errors"]) == {"name", "timezone"}


def test_a_body_beyond_the_limit_is_refused_unread(api: APIClient, business: NewTenant) -> None:
    body = json.dumps({"name": "A", "timezone": "UTC", "address": "a" * (4 * 1024 * 1024)})
    problem = assert_problem(api.post("/api/v1/outlets/", body, content_type=JSON), 413, "request_too_large")
    assert problem["fields"] == {"limit": 4_194_304}
    assert_problem(Client().post("/api/v1/outlets/", body, content_type=JSON), 413, "request_too_large")
    assert outlet_count(business) == 0


def test_a_key_named_twice_counts_once(api: APIClient) -> None:
    answer = api.post("/api/v1/outlets/", b'{"name": "A", "name": "B", "timezone": "UTC"}', content_type=JSON)
    assert answer.status_code == 201
    assert answer.json()["name"] == "B"


@pytest.mark.parametrize("identifier", ["0", "-1", "1.5", "x", "9223372036854775807", "9" * 19, "9" * 20, "9" * 5000])
def test_an_id_that_is_none_is_not_found(api: APIClient, identifier: str) -> None:
    assert_problem(api.get(f"/api/v1/outlets/{identifier}/"), 404, "not_found")
    assert_problem(api.patch(f"/api/v1/outlets/{identifier}/", {"name": "A"}), 404, "not_found")


@pytest.mark.parametrize("path", ["/api/v1/outlets/%00/", "/api/v1/outlets/?cursor=%00", "/api/v1/outlets/?x=a%00b"])
def test_nul_in_an_address_is_refused(api: APIClient, path: str) -> None:
    assert_problem(api.get(path), 400, "malformed_request")


def test_an_address_that_is_no_utf8_is_not_found(api: APIClient) -> None:
    assert api.get("/api/v1/outlets/%ff%fe/").status_code == 404
    assert api.get("/api/v1/outlets/?is_active=%ff").status_code in {200, 400}


@pytest.mark.parametrize("size", ["0", "-1", "201", "1e9", "x", "", "9" * 5000, "\u0661", "1.0"])
def test_a_page_size_out_of_bounds_is_refused(api: APIClient, size: str) -> None:
    problem = assert_problem(api.get("/api/v1/outlets/", {"page_size": size}), 400, "invalid_request")
    assert problem["errors"] == {"page_size": ["Must be a whole number from 1 to 200."]}


@pytest.mark.parametrize("cursor", ["x", "", "é", "bz0x", "W10:abc", "W10=:x:y", "a" * 5000])
def test_a_cursor_that_was_not_given_out_is_refused(api: APIClient, cursor: str) -> None:
    assert_problem(api.get("/api/v1/outlets/", {"cursor": cursor}), 400, "invalid_cursor")


def test_a_list_is_read_to_its_end_and_back_in_pages(api: APIClient) -> None:
    names = [f"Outlet {number:02}" for number in range(7)]
    for name in reversed(names):
        assert api.post("/api/v1/outlets/", {"name": name, "timezone": "UTC"}).status_code == 201

    seen: list[list[str]] = []
    address: str | None = "/api/v1/outlets/?page_size=3"
    while address:
        page = api.get(address).json()
        seen.append([row["name"] for row in page["results"]])
        last, address = address, page["next"]
    assert seen == [names[0:3], names[3:6], names[6:7]]
    before = api.get(api.get(last).json()["previous"]).json()
    assert [row["name"] for row in before["results"]] == names[3:6]

    cursor_of_outlets = last.split("cursor=")[1].split("&")[0]
    assert_problem(api.get(f"/api/v1/tokens/?cursor={cursor_of_outlets}"), 400, "invalid_cursor")


def test_a_filter_that_makes_no_sense_changes_nothing(api: APIClient) -> None:
    api.post("/api/v1/outlets/", {"name": "A", "timezone": "UTC"})
    assert len(api.get("/api/v1/outlets/?is_active=true").json()["results"]) == 1
    assert api.get("/api/v1/outlets/?is_active=false").json()["results"] == []
    assert api.get("/api/v1/outlets/?is_active=" + "9" * 5000).status_code in {200, 400}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.QueryCanceled, 503, "busy"),
        (errors.LockNotAvailable, 503, "busy"),
        (errors.SerializationFailure, 503, "busy"),
        (errors.DeadlockDetected, 503, "busy"),
        (errors.NumericValueOutOfRange, 400, "unusable_value"),
        (errors.StringDataRightTruncation, 400, "unusable_value"),
        (errors.UntranslatableCharacter, 400, "unusable_value"),
    ],
)
def test_a_database_error_is_told_by_its_state(error: type[Exception], status: int, code: str) -> None:
    raised = OperationalError("x")
    raised.__cause__ = error("x")
    refusal = refusal_for(raised)
    assert refusal is not None
    assert (refusal.status, refusal.code) == (status, code)


@pytest.mark.parametrize("error", [errors.UniqueViolation, errors.DivisionByZero, errors.UndefinedTable])
def test_a_bug_stays_a_bug(error: type[Exception]) -> None:
    raised = OperationalError("x")
    raised.__cause__ = error("x")
    assert refusal_for(raised) is None
    assert refusal_for(ValueError("x")) is None


def test_a_fault_tells_nothing_of_itself(rf: RequestFactory) -> None:
    problem = assert_problem(pages.server_error(rf.get("/api/v1/outlets/")), 500, "server_error")
    assert problem["fields"] == {}
    page = pages.server_error(rf.get("/"))
    assert page.status_code == 500
    assert page["Content-Type"].startswith("text/html")


def test_people_get_pages(rf: RequestFactory) -> None:
    missing = Client().get("/no-such-page/")
    assert missing.status_code == 404
    assert missing["Content-Type"].startswith("text/html")
    assert b"There is nothing at this address." in missing.content
    request: HttpRequest = rf.get("/")
    assert pages.permission_denied(request, Exception()).status_code == 403
    assert pages.bad_request(request, Exception()).status_code == 400


def test_a_refusal_carries_its_true_numbers() -> None:
    refusal = Conflict("Only 3 left.", needed=5, available=3)
    assert problem_body(refusal) == {
        "type": "/problems/conflict",
        "title": "Not possible now",
        "status": 409,
        "detail": "Only 3 left.",
        "code": "conflict",
        "fields": {"needed": 5, "available": 3},
    }


def test_the_house_stands() -> None:
    answer = Client().get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_every_page_has_a_strict_policy() -> None:
    policy = Client().get("/accounts/login/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    docs = Client().get("/api/docs")
    assert docs.status_code == 200
    assert b"<script>" not in docs.content
    assert "script-src 'self'" in docs["Content-Security-Policy"]
    assert "style-src 'self' 'unsafe-inline'" in docs["Content-Security-Policy"]
