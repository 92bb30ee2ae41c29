"""A business with one of everything that has an id, and requests made from the OpenAPI document.

Nothing here names an address: whatever the document lists is called, so a new endpoint is tested by being there. Where
the document alone cannot make a request that would succeed, ``SPECIMENS`` helps; ``new_world`` makes each kind of id.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from uuid import uuid4

from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from lotkeeper.accounts.operations.tenants import create_tenant
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.policies import Scope
from lotkeeper.core.tenancy import tenant_scope

API: Final = "/api/v1/"
_numbers = count(1)


@dataclass(frozen=True)
class World:
    """A business, its owner's client, and the id of one of each kind of thing, by the name that requests use."""

    tenant_id: int
    client: APIClient
    ids: Mapping[str, int]

    def id_for(self, name: str) -> int:
        """The id that a field or a part of an address of this name stands for."""
        if name not in self.ids:
            message = f"tests/contract/world.py does not know what {name!r} is the id of: make one in new_world()"
            raise KeyError(message)
        return self.ids[name]


@dataclass(frozen=True)
class Call:
    """One call that the document describes."""

    verb: str
    path: str
    name: str
    path_parameters: tuple[str, ...]
    query_parameters: tuple[str, ...]
    body_forms: tuple[Mapping[str, Any], ...] = field(repr=False, hash=False, compare=False)

    def __str__(self) -> str:
        return self.name

    def address(self, ids: Mapping[str, int]) -> str:
        """The call's address with these ids in it."""
        return self.path.format(**{name: ids[name] for name in self.path_parameters})


@functools.cache
def document() -> Mapping[str, Any]:
    """The OpenAPI document."""
    made: Mapping[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


@functools.cache
def calls() -> tuple[Call, ...]:
    """Every call of the API."""
    return tuple(_calls())


def _calls() -> Iterator[Call]:
    for path, verbs in document()["paths"].items():
        for verb, described in verbs.items():
            parameters = described.get("parameters", [])
            content = described.get("requestBody", {}).get("content", {})
            forms: tuple[Mapping[str, Any], ...] = ()
            if "application/json" in content:
                schema = resolved(content["application/json"]["schema"])
                forms = tuple(resolved(form) for form in schema.get("oneOf", [schema]))
            yield Call(
                verb,
                path,
                described["operationId"],
                tuple(each["name"] for each in parameters if each["in"] == "path"),
                tuple(each["name"] for each in parameters if each["in"] == "query"),
                forms,
            )


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema with its reference followed."""
    if "$ref" in schema:
        return resolved(document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    if len(schema.get("allOf", ())) == 1:
        return {**resolved(schema["allOf"][0]), **{name: each for name, each in schema.items() if name != "allOf"}}
    return schema


_VALUES: Final = {"number": 1, "boolean": False}
_TEXTS: Final = {"email": f"{uuid4().hex}-{{}}@shop.example", "date": "2031-03-31"}

#: What the document cannot tell of a request that would succeed, by call; more than one where there are several ways.
SPECIMENS: Final[Mapping[str, tuple[Callable[[World], Mapping[str, Any]], ...]]] = {
    "inventory_return": (
        lambda world: {"lines": [{"batch_id": world.ids["batch_id"], "quantity": 1}]},
        lambda world: {
            "lines": [{"variation_id": world.ids["variation_id"], "quantity": 1}],
            "sale_operation_id": world.ids["sale_operation_id"],
        },
    ),
    "inventory_receive": (lambda _: {"confirm": True},),
    "inventory_batches_amend": (lambda _: {"batch_number": f"B-{next(_numbers)}"},),
    # The goods were sent just now, and so not at the moment of the example.
    "inventory_transfers_receive": (
        lambda world: {"lines": [{"line_id": world.ids["line_id"], "quantity": 2}], "occurred_at": None},
    ),
    "inventory_stock_takes_open": (
        lambda world: _counted(world, "list"),
        lambda world: {**_counted(world, "category"), "category_id": world.ids["category_id"]},
        lambda world: {**_counted(world, "supplier"), "supplier_id": world.ids["supplier_id"]},
    ),
    "inventory_stock_takes_count": (
        lambda world: _seen({"batch_id": world.ids["batch_id"]}),
        lambda world: _seen({"variation_id": world.ids["variation_id"], "batch_number": "Unknown"}),
    ),
    "inventory_stock_takes_recount": (lambda world: {"item_ids": [world.ids["item_id"]]},),
    "inventory_stock_takes_approve": (lambda world: {"item_ids": [world.ids["item_id"]]},),
    "users_set_password": (lambda _: {"password": "seven green bottles"},),
    "outlets_create": (lambda _: {"timezone": "Europe/Berlin"},),
    "outlets_update": (lambda _: {"timezone": "Europe/Berlin"},),
}


def _counted(world: World, scope: str) -> Mapping[str, Any]:
    items = [{"batch_id": world.ids["batch_id"], "physical_count": 3}]
    return {"scope": scope, "items": items, "reference_id": f"count-{next(_numbers)}"}


def _seen(of: Mapping[str, Any]) -> Mapping[str, Any]:
    """One observation, alone and in a list."""
    one = {**of, "quantity": 3, "counted_at": None}
    return {**one, "observations": [one], "sent_at": None}


def specimens(call: Call, world: World) -> list[tuple[Mapping[str, Any], dict[str, Any]]]:
    """Requests that the call should take, each with its form: every field that is required, and what else it needs."""
    return [
        (form, {**_made(form, "", world), **_of_form(form, more(world))})
        for form in call.body_forms
        for more in SPECIMENS.get(call.name, (lambda _: {},))
    ]


def _of_form(form: Mapping[str, Any], told: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in told.items() if name in form.get("properties", ())}


def _made(schema: Mapping[str, Any], name: str, world: World) -> Any:
    schema = resolved(schema)
    if schema.get("type") == "object":
        properties = schema.get("properties", {})
        # A change needs no field at all, but one that changes nothing would show nothing.
        wanted = set(schema.get("required", ())) or {each for each in properties if not each.endswith("_id")}
        return {each: _made(properties[each], each, world) for each in properties if each in wanted}
    if schema.get("type") == "array":
        return [_made(schema["items"], name, world)]
    if "oneOf" in schema:
        return _made(schema["oneOf"][0], name, world)
    if "enum" in schema:
        return schema["enum"][0]
    return _value(schema, name, world)


def _value(schema: Mapping[str, Any], name: str, world: World) -> Any:
    kind = schema.get("type")
    if kind == "integer":
        return world.id_for(name) if name.endswith("_id") else schema.get("minimum", 1)
    if kind in _VALUES:
        return _VALUES[kind]
    if kind != "string":
        message = f"tests/contract/world.py cannot make a value for {name!r}: {schema}"
        raise TypeError(message)
    if "example" in schema:
        return str(schema["example"])
    return _TEXTS.get(schema.get("format", ""), "Text {}").format(next(_numbers))


def id_fields(form: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Every place of a request that takes an id of something, ``("lines", "0", "batch_id")``."""
    found: list[tuple[str, ...]] = []
    for place, name in fields(form):
        if name.endswith("_id") and _at(form, place).get("type") == "integer":
            found.append(place)
    return found


def query_of(call: Call, world: World) -> str:
    """What the call's address must ask for: ``?outlet_id=3``."""
    if call.name.endswith("lookup"):
        return "?code=x"
    return f"?outlet_id={world.ids['outlet_id']}" if call.name == "inventory_count_next" else ""


def fields(form: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """Every place of a request that takes a value, with the field's name."""
    found: list[tuple[tuple[str, ...], str]] = []

    def walk(schema: Mapping[str, Any], place: tuple[str, ...]) -> None:
        schema = resolved(schema)
        for name, inner in schema.get("properties", {}).items():
            found.append(((*place, name), name))
            plain = resolved(inner)
            if plain.get("type") == "array":
                walk(plain["items"], (*place, name, "0"))
            else:
                walk(plain, (*place, name))

    walk(form, ())
    return found


def _at(form: Mapping[str, Any], place: tuple[str, ...]) -> Mapping[str, Any]:
    schema = resolved(form)
    for step in place:
        schema = resolved(schema["items"] if step == "0" else schema["properties"][step])
    return schema


def put(body: Any, place: tuple[str, ...], value: Any) -> None:
    """Write a value at a place of a request."""
    for step in place[:-1]:
        body = body[int(step)] if step.isdigit() else body.setdefault(step, [{}])
    body[place[-1]] = value


def send(world: World, call: Call, address: str, body: Any = None) -> Any:
    """Make a call as the business's owner."""
    verb = getattr(world.client, call.verb)
    return verb(address) if body is None else verb(address, body, format="json")


def row_counts(tenant_id: int) -> Mapping[str, int]:
    """How many rows the business has of everything."""
    with tenant_scope(tenant_id), transaction.atomic(), connection.cursor() as cursor:
        counts = {}
        for model in apps.get_models():
            if hasattr(model, "app_rights"):
                cursor.execute(f'SELECT count(*) FROM "{model._meta.db_table}" WHERE tenant_id = %s', [tenant_id])
                counts[model._meta.label] = cursor.fetchone()[0]
    return counts


def new_world() -> World:
    """A new business with one of everything, made by the API itself."""
    business = create_tenant(
        name="Corner Pharmacy",
        currency="EUR",
        timezone="Europe/Berlin",
        owner_email=f"owner-{uuid4().hex}@shop.example",
        owner_password=None,
    )
    with tenant_scope(business.tenant.pk):
        token = issue_token(actor=business.actor, name="contract", scopes=tuple(Scope), now=timezone.now())
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.plain}")

    def made(path: str, body: Any) -> Any:
        answer = client.post(f"{API}{path}", body)
        assert answer.status_code in {200, 201}, answer.content
        return answer.json()

    outlet = made("outlets/", {"name": "Main", "timezone": "UTC"})["id"]
    second = made("outlets/", {"name": "Second", "timezone": "UTC"})["id"]
    user = made("users/", {"email": f"{uuid4().hex}@shop.example", "role": "clerk"})["id"]
    memberships = client.get(f"{API}users/{user}/memberships/").json()["results"]
    category = made("categories/", {"name": "Drinks"})["id"]
    parts = [{"sku": f"TEA-{uuid4().hex[:8]}", "name": "100 g"}]
    supplier = made("suppliers/", {"name": "Wholesale North"})["id"]
    made_of = {"category_id": category, "supplier_id": supplier, "variations": parts}
    product = made("products/", {"name": "Tea", **made_of})
    variation = product["variations"][0]["id"]
    pack = made(f"variations/{variation}/packs/", {"name": "Box", "factor": 9})["id"]
    delivery = {"variation_id": variation, "quantity": 500, "batch_number": "A"}
    received = made("inventory/receive/", {"outlet_id": outlet, "lines": [delivery]})
    line = {"variation_id": variation, "quantity": 2}
    sale = {"outlet_id": outlet, "lines": [line], "reference_id": "order-1"}
    held = made("inventory/reservations/", {"outlet_id": outlet, "lines": [line], "hold_seconds": 9000})
    sent = made("inventory/transfers/", {"source_id": outlet, "destination_id": second, "lines": [line]})
    other = made("inventory/receive/", {"outlet_id": outlet, "lines": [{**delivery, "batch_number": "B"}]})
    batch, second_batch = (each["movements"][0]["batch_id"] for each in (received, other))
    seen = [{"batch_id": batch, "physical_count": 400}, {"batch_id": second_batch, "physical_count": 600}]
    take = made("inventory/stock-takes/", {"outlet_id": outlet, "items": seen})
    lines = client.get(f"{API}inventory/stock-takes/{take['id']}/lines/").json()["results"]
    item_of = {counted["batch_id"]: counted["item_id"] for counted in lines}
    ids = {
        "outlet_id": outlet,
        "source_id": outlet,
        "destination_id": second,
        "user_id": user,
        "membership_id": memberships[0]["id"],
        "token_id": made("tokens/", {"name": "Till", "scopes": ["stock"]})["id"],
        "category_id": category,
        "parent_id": category,
        "supplier_id": supplier,
        "product_id": product["id"],
        "variation_id": variation,
        "pack_id": pack,
        "barcode_id": made(f"variations/{variation}/barcodes/", {"code": uuid4().hex})["id"],
        "batch_id": batch,
        "operation_id": made("inventory/deduct/", sale)["operation_id"],
        "sale_operation_id": made("inventory/deduct/", {**sale, "reference_id": "order-2"})["operation_id"],
        "reservation_id": held["id"],
        "transfer_id": sent["id"],
        "stock_take_id": take["id"],
        "item_id": item_of[batch],
        "short_item_id": item_of[batch],
        "over_item_id": item_of[second_batch],
        "line_id": sent["lines"][0]["id"],
    }
    return World(business.tenant.pk, client, ids)
