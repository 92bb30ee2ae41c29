"""Requests that schemathesis makes up from the document, fitting it and not: no faults, and answers as described."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.errors import InvalidSchema
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from tests.contract.world import Call, World, calls, document, new_world

from lotkeeper.config.wsgi import application

_EXAMPLES = 6
# Loaded at once and not from a fixture: the lazy way breaks under pytest 9.2.
schema = schemathesis.openapi.from_dict(dict(document()))
schema.app = application


@pytest.fixture(scope="module")
def playground() -> World:
    """A business in which anything may happen."""
    return new_world()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=str)
@pytest.mark.parametrize("call", calls(), ids=str)
def test_it_is_answered_as_described(playground: World, call: Call, mode: GenerationMode) -> None:
    operation = schema[call.path][call.verb]
    credentials = {"Authorization": playground.client._credentials["HTTP_AUTHORIZATION"]}

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(mode), with_real_ids=st.booleans())
    def answered(case: Any, *, with_real_ids: bool) -> None:
        if with_real_ids:
            case.path_parameters = {
                name: playground.ids.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
            case.query = _real(case.query, playground)
            case.body = _real(case.body, playground)
        answer = case.call(headers=credentials)
        checks = [not_a_server_error, content_type_conformance, response_schema_conformance]
        case.validate_response(answer, checks=checks)

    try:
        answered()
    except InvalidSchema:
        assert mode is GenerationMode.NEGATIVE


def _real(value: Any, world: World) -> Any:
    """The value with every id that fits its field replaced by the id of something."""
    if isinstance(value, list):
        return [_real(each, world) for each in value]
    if isinstance(value, dict):
        return {
            name: world.ids[name] if name in world.ids and isinstance(inner, int | str) else _real(inner, world)
            for name, inner in value.items()
        }
    return value
