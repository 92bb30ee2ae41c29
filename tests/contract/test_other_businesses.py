"""Another business's ids are found nowhere: not in an address, not in a query, not in a body."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.contract.world import Call, World, calls, id_fields, put, row_counts, send, specimens

WITH_ID = pytest.mark.parametrize("call", [call for call in calls() if call.path_parameters], ids=str)
WITH_BODY = pytest.mark.parametrize("call", [call for call in calls() if call.body_forms], ids=str)
LISTS = pytest.mark.parametrize(
    "call", [call for call in calls() if any(name.endswith("_id") for name in call.query_parameters)], ids=str
)


def assert_not_found(answer: Any) -> None:
    assert answer.status_code == 404, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == 404


@WITH_ID
def test_not_in_an_address(world: World, elsewhere: World, call: Call) -> None:
    if call.name == "products_image_update":
        pytest.skip("takes a file, not JSON: tests/catalog/test_images.py")
    before = row_counts(world.tenant_id), row_counts(elsewhere.tenant_id)
    foreign = {name: world.id_for(name) for name in call.path_parameters}
    mixed = [{**elsewhere.ids, name: foreign[name]} for name in call.path_parameters]

    for ids in (foreign, *mixed):
        for body in [body for _, body in specimens(call, elsewhere)] or [None]:
            assert_not_found(send(elsewhere, call, call.address(ids), body))

    assert (row_counts(world.tenant_id), row_counts(elsewhere.tenant_id)) == before


@LISTS
def test_not_in_a_query(world: World, elsewhere: World, call: Call) -> None:
    for name in call.query_parameters:
        if name.endswith("_id") and name != "reference_id":
            answer = send(elsewhere, call, f"{call.address(elsewhere.ids)}?{name}={world.id_for(name)}")
            assert answer.status_code == 404 or answer.json()["results"] == [], (name, answer.content)
            own = send(elsewhere, call, f"{call.address(elsewhere.ids)}?{name}={elsewhere.id_for(name)}")
            assert own.status_code == 200, (name, own.content)


@WITH_BODY
def test_not_in_a_body(world: World, elsewhere: World, call: Call) -> None:
    before = row_counts(world.tenant_id), row_counts(elsewhere.tenant_id)
    told: dict[tuple[str, ...], set[bool]] = {}
    for form, body in specimens(call, elsewhere):
        for place in id_fields(form):
            asked = copy.deepcopy(body)
            put(asked, place, world.id_for(place[-1]))
            answer = send(elsewhere, call, call.address(elsewhere.ids), asked)
            assert answer.status_code in {400, 404}, (place, answer.content)
            told.setdefault(place, set()).add(answer.status_code == 404 or _names(answer.json(), place))
    # Where there are several ways to ask, an id that has no place in one of them is told of in another.
    assert [place for place, ways in told.items() if True not in ways] == []
    assert (row_counts(world.tenant_id), row_counts(elsewhere.tenant_id)) == before


def _names(problem: Any, place: tuple[str, ...]) -> bool:
    """Whether a refusal names the field, or the list that it stands in."""
    return any(".".join(place).startswith(name) for name in problem.get("errors", {}))
