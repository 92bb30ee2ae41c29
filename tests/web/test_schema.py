"""The OpenAPI document: made without a warning, valid, and true to what the API does."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from lotkeeper.web.filters import IdFilter


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return document


def calls(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{verb} {path}", call) for path, verbs in schema["paths"].items() for verb, call in verbs.items()]


def test_it_is_made_without_a_warning_and_is_valid() -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", os.devnull)


def test_every_call_names_the_ways_in_and_the_shape_of_a_refusal(schema: dict[str, Any]) -> None:
    assert len(calls(schema)) >= 20
    for name, call in calls(schema):
        assert call["security"] == [{"apiToken": []}, {"session": []}], name
        refusal = call["responses"]["default"]["content"]["application/problem+json"]["schema"]
        assert refusal == {"$ref": "#/components/schemas/Problem"}, name
        assert call["description"], name
    assert schema["components"]["securitySchemes"]["apiToken"]["scheme"] == "bearer"


def test_ids_in_addresses_have_their_bounds(schema: dict[str, Any]) -> None:
    bounds = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 2**63 - 1}
    found = [
        parameter["schema"]
        for _, call in calls(schema)
        for parameter in call.get("parameters", [])
        if parameter["in"] == "path" and parameter["name"].endswith("_id")
    ]
    assert len(found) >= 10
    assert all(one == bounds for one in found)


def test_it_is_served_to_anybody_and_so_is_the_page_that_shows_it() -> None:
    answer = Client().get("/api/schema/", headers={"accept": "application/json"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/json")
    page = Client().get("/api/docs")
    assert b'data-schema="/api/schema/"' in page.content
    assert b"http://" not in page.content
    assert b"https://" not in page.content


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "x", "9" * 20, "9" * 5000, "1e3"])
def test_a_filter_by_id_refuses_what_no_id_can_be(value: str) -> None:
    field = IdFilter(field_name="id").field
    with pytest.raises(ValidationError):
        field.clean(value)


def test_a_filter_by_id_takes_ids() -> None:
    assert IdFilter(field_name="id").field.clean("9223372036854775807") == 2**63 - 1
