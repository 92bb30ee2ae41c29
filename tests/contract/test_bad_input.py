"""Whatever is sent, the answer is a refusal with a reason, never a fault, and nothing is written."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, Final

import jsonschema
import pytest
from django.conf import settings
from tests.contract.world import Call, World, calls, document, fields, put, query_of, row_counts, send, specimens

from lotkeeper.web.api import MoneyField

WRITES = [call for call in calls() if call.verb in {"post", "put", "patch"} and call.body_forms]
ASKS = pytest.mark.parametrize("call", [call for call in calls() if call.query_parameters], ids=str)
POSTS = [call for call in calls() if call.verb == "post"]
JSON: Final = "application/json"

_MONEY_PATTERN: Final = MoneyField._spectacular_annotation["field"]["pattern"]
#: Stands for a value until the request is written out; no JSON library writes some of these.
_PLACEHOLDER: Final = '"@@value@@"'
RAW: Final = (
    "0", "-1", "1.5", "0.1234567891", "1e400", "1e-400", "1e999999999999", "NaN", "Infinity", "9223372036854775808",
    "1" * 400, "4611686018427387904", '"5"', '""', '" "', "null", "true", "[]", "{}", "[null]", "[[1]]", '{"a": 1}',
    '"unknown"', '"\\u0000"', '"\\ud800"', '"' + "x" * 20_000 + '"', '"2031-02-30"', '"9999-12-31T23:59:59-14:00"',
    '"0001-01-01T00:00:00+14:00"',
)  # fmt: skip
UNREADABLE: Final = (
    b"{",
    b"not json",
    b"\xff\xfe",
    b"NaN",
    b'{"a": 1e99999999999999999999}',
    b'{"quantity": ' + b"9" * 5000 + b"}",
    b'{"a": "\\u0000"}',
    b"[" * 50_000,
    b'{"a":' * 50_000,
)
#: What no quantity can be, whatever it is of (a difference may be negative).
NO_QUANTITY: Final = frozenset(
    {"0", "0.1234567891", "1e400", "1e-400", "NaN", "Infinity", "1" * 400, '"5"', "null", "true", "[]", "{}", '""'}
)

#: Where nothing is a quantity too: an empty shelf was counted.
MAY_BE_NOTHING: Final = frozenset({"inventory_stock_takes_count"})


def validator(form: Mapping[str, Any]) -> jsonschema.Draft202012Validator:
    """Says whether a request is what the document describes."""
    schema = {**_plain(form), "components": _plain(document()["components"])}
    return jsonschema.Draft202012Validator(schema)


def _plain(schema: Any) -> Any:
    """OpenAPI 3.0 as JSON Schema, with null where it is allowed; and money, which may be sent as a number too."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _plain(each) for name, each in schema.items() if name != "nullable"}
    if schema.get("pattern") == _MONEY_PATTERN:
        plain = {"anyOf": [plain, {"type": "number", "minimum": 0}]}
    if schema.get("nullable") is True and ("type" in schema or "allOf" in schema or "oneOf" in schema):
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def assert_refused(answer: Any, told: object) -> None:
    assert 400 <= answer.status_code < 500, (told, answer.status_code, answer.content)
    assert answer["Content-Type"] == "application/problem+json", told
    problem = answer.json()
    assert problem["code"], told
    assert problem["detail"], told


@pytest.mark.parametrize("call", POSTS, ids=str)
def test_a_body_that_cannot_be_read(world: World, call: Call) -> None:
    before = row_counts(world.tenant_id)
    # A call that takes no body does not read one, and does what it does.
    for body in UNREADABLE if call.body_forms else ():
        answer = world.client.post(call.address(world.ids), body, content_type=JSON)
        assert_refused(answer, body[:40])
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request"), body[:40]
    large = b'{"a": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    answer = world.client.post(call.address(world.ids), large, content_type=JSON)
    assert_refused(answer, "large")
    assert answer.status_code == 413
    assert row_counts(world.tenant_id) == before


@pytest.mark.parametrize("call", [call for call in POSTS if call.body_forms], ids=str)
def test_a_body_of_another_kind(world: World, call: Call) -> None:
    before = row_counts(world.tenant_id)
    for body in (b"[]", b"null", b"3", b'"text"', b"true", b"[{}]"):
        assert_refused(world.client.post(call.address(world.ids), body, content_type=JSON), body)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x", ""):
        answer = world.client.generic("POST", call.address(world.ids), b"{}", content_type=kind)
        assert answer.status_code < 500, (kind, answer.content)
        assert answer.status_code == 415 or 400 <= answer.status_code < 415, (kind, answer.content)
    assert row_counts(world.tenant_id) == before


@pytest.mark.parametrize("call", [call for call in POSTS if call.body_forms], ids=str)
def test_a_body_that_misses_a_field(world: World, call: Call) -> None:
    before = row_counts(world.tenant_id)
    for form, body in specimens(call, world):
        for name in form.get("required", ()):
            answer = send(world, call, call.address(world.ids), {key: body[key] for key in body if key != name})
            assert_refused(answer, name)
            # What misses the lines of a basket is taken for a request of one line.
            assert name in answer.json()["errors"] or len(call.body_forms) > 1
    assert row_counts(world.tenant_id) == before


@pytest.mark.parametrize("call", WRITES, ids=str)
def test_a_field_that_cannot_be_used(own_world: World, call: Call) -> None:
    """Every field of every request, with every bad value. What is taken all the same is what the document allows."""
    before = row_counts(own_world.tenant_id)
    for form, body in specimens(call, own_world):
        allows = validator(form)
        for place, name in fields(form):
            for raw, text in spoilt(body, place):
                answer = own_world.client.generic(
                    call.verb.upper(), call.address(own_world.ids), text, content_type=JSON
                )
                if answer.status_code >= 300:
                    assert_refused(answer, (place, raw[:40]))
                    continue
                allowed = {"0"} if call.name in MAY_BE_NOTHING else set()
                assert name != "quantity" or raw not in NO_QUANTITY - allowed, (place, raw[:40])
                assert allows.is_valid(json.loads(text)), (place, raw[:40], answer.content)
                before = row_counts(own_world.tenant_id)
            assert row_counts(own_world.tenant_id) == before, place


def spoilt(body: Any, place: tuple[str, ...]) -> list[tuple[str, str]]:
    """Each bad value, and the request with it in one place; none if the request has no such place."""
    asked = copy.deepcopy(body)
    try:
        put(asked, place, "@@value@@")
    except (IndexError, TypeError):
        return []
    text = json.dumps(asked)
    return [(raw, text.replace(_PLACEHOLDER, raw)) for raw in RAW]


@ASKS
def test_a_query_that_makes_no_sense(world: World, call: Call) -> None:
    values = ["", "0", "-1", "x", "1.5", "NaN", "9" * 400, "\u0661", "a%00b", "%ff", "x" * 3000, "[]", "null", "true"]
    for name in call.query_parameters:
        for value in values:
            answer = world.client.get(f"{call.address(world.ids)}?{name}={value}")
            assert answer.status_code < 500, (name, value, answer.content)
            if answer.status_code != 200:
                assert_refused(answer, (name, value))


@ASKS
def test_a_parameter_that_does_not_exist(world: World, call: Call) -> None:
    for name in ("variation", "Page_size", "page_size%20", "x" * 3000, "%c3%a9", "%ff", ""):
        answer = world.client.get(f"{call.address(world.ids)}?{name}=1")
        assert_refused(answer, name)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (400, "unknown_parameter"), name
        assert problem["fields"]["known"] == list(call.query_parameters), name
        assert len(problem["detail"]) < 1000


@pytest.mark.parametrize("call", [call for call in calls() if call.path_parameters], ids=str)
def test_an_address_with_an_id_that_is_none(world: World, call: Call) -> None:
    before = row_counts(world.tenant_id)
    for value in ("0", "-1", "1.5", "x", "9" * 19, "9" * 400, "4611686018427387904", "%00", "%ff"):
        ids = {**world.ids, call.path_parameters[-1]: value}
        bodies = [body for _, body in specimens(call, world)] or [None]
        answer = send(world, call, call.path.format(**ids), bodies[0])
        if call.verb == "put" and call.name.endswith("image_update"):
            assert 400 <= answer.status_code < 500
            continue
        assert_refused(answer, value)
        assert answer.status_code == 404 or value == "%00", (value, answer.content)
    assert row_counts(world.tenant_id) == before


@pytest.mark.parametrize("call", calls(), ids=str)
def test_what_the_document_asks_for_is_taken(own_world: World, call: Call) -> None:
    """The tests above would show nothing if the requests they spoil were no good in the first place."""
    if call.name.endswith("image_update"):
        pytest.skip("takes a file, not JSON: tests/catalog/test_images.py")
    for body in [body for _, body in specimens(call, own_world)] or [None]:
        query = query_of(call, own_world)
        answer = send(own_world, call, call.address(own_world.ids) + query, body)
        # Some things are not in the state for it (a batch that is not empty is not archived); the request was good.
        assert answer.status_code in {200, 201, 204, 409} or (answer.status_code == 404 and query), answer.content
