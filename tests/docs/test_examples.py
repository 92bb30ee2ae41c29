"""The examples work: code can be read, bodies fit the API, and the README's sale gets the README's answer."""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from tests.conftest import ClientFor
from tests.docs.conftest import Page, all_pages, page
from tests.stock.conftest import Shop

from lotkeeper.stock.operations import ReceiptLine, receive_stock

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def test_code_in_python_can_be_read(each_page: Page) -> None:
    for block in each_page.blocks("python"):
        ast.parse(block)


def bodies(text: Page) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method, address and body of every request that is followed by its body."""
    method = address = ""
    for language, content in _BLOCK.findall(text.text):
        asked = re.fullmatch(r"\s*(POST|PUT|PATCH) (/\S+)\s*", content)
        if asked:
            method, address = asked.groups()
        elif language == "json" and address:
            yield method, address, json.loads(content)
            address = ""


@cache
def schema() -> Mapping[str, Any]:
    generated: Mapping[str, Any] = SchemaGenerator().get_schema(public=True)
    return generated


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in part:
        part = schema()["components"]["schemas"][part["$ref"].rsplit("/", 1)[1]]
    return part


def misfits(value: Any, part: Mapping[str, Any], at: str = "body") -> list[str]:
    """Where a value names a field that is not there, or leaves out one that is needed."""
    part = resolved(part)
    forms = part.get("oneOf") or part.get("anyOf")
    if forms:
        return min((misfits(value, form, at) for form in forms), key=len)
    if isinstance(value, list):
        return [found for n, each in enumerate(value) for found in misfits(each, part["items"], f"{at}.{n}")]
    if not isinstance(value, Mapping) or "properties" not in part:
        return []
    known: Mapping[str, Any] = part["properties"]
    wrong = [f"{at}.{name} is unknown" for name in value.keys() - known.keys()]
    wrong += [f"{at}.{name} is missing" for name in set(part.get("required", ())) - value.keys()]
    return wrong + [
        found for name in value.keys() & known.keys() for found in misfits(value[name], known[name], f"{at}.{name}")
    ]


EXAMPLES = [(text, *found) for text in all_pages() for found in bodies(text)]


@pytest.mark.parametrize(("text", "method", "address", "body"), EXAMPLES, ids=lambda value: str(value)[:60])
def test_bodies_of_requests_fit_the_api(text: Page, method: str, address: str, body: Mapping[str, Any]) -> None:
    content = schema()["paths"][address][method.lower()]["requestBody"]["content"]
    assert misfits(body, content["application/json"]["schema"]) == []


def test_there_are_examples_and_a_wrong_one_is_found() -> None:
    assert len(EXAMPLES) >= 4
    deduct = schema()["paths"]["/api/v1/inventory/deduct/"]["post"]["requestBody"]["content"]
    wrong = {"outlet_id": 1, "lines": [{"variation_id": 1, "amount": 2}]}
    assert sorted(misfits(wrong, deduct["application/json"]["schema"])) == [
        "body.lines.0.amount is unknown",
        "body.lines.0.quantity is missing",
    ]


@pytest.fixture
def stocked(shop: Shop) -> tuple[Shop, int]:
    """A shop with the README's two batches, dated anew so that they are still good."""
    item = shop.variation()
    first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=20)
    lines = [
        ReceiptLine(item.pk, Decimal(quantity), number, first + dt.timedelta(days=14 * later), Decimal(1))
        for later, (number, quantity) in enumerate([("BATCH-001", 3), ("BATCH-002", 6)])
    ]
    receive_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=lines, confirmed=True)
    return shop, item.pk


def test_the_sale_of_the_readme_gets_the_answer_of_the_readme(stocked: tuple[Shop, int], client_for: ClientFor) -> None:
    shop, variation_id = stocked
    text = page("README.md")
    [sent] = re.findall(r"<<'BODY'\n(.*?)\nBODY", text.text, re.DOTALL)
    answer, refusal = (json.loads(block) for block in text.blocks("json"))
    body = {**json.loads(sent), "variation_id": variation_id, "outlet_id": shop.outlet.pk}
    [address] = re.findall(r"curl http://[\w.:]+(/\S+)", text.text)
    client = client_for(shop.actor)

    first, again = client.post(address, body), client.post(address, body)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json().keys() == answer.keys()
    told = [(each["batch"], each["quantity"]) for each in first.json()["deductions"]]
    assert told == [(each["batch"], each["quantity"]) for each in answer["deductions"]]
    assert [each.keys() for each in first.json()["deductions"]] == [each.keys() for each in answer["deductions"]]

    short = client.post(address, {**body, "reference_id": "order_12346"})

    refusal["fields"]["lines"][0]["variation_id"] = variation_id
    assert (short.status_code, short.json()) == (409, refusal)
