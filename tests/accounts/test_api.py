"""Users, roles, tokens and outlets over HTTP: who may call what, what is found, and what hostile values do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from lotkeeper.accounts.models import ApiToken, Membership, User
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.operations.tokens import issue_token
from lotkeeper.accounts.policies import Actor, Role, Scope
from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.outlets.operations.outlets import create_outlet

Colleague = Callable[..., Actor]
ClientFor = Callable[..., APIClient]


@dataclass(frozen=True)
class Shop:
    """A business with one of everything that has an address."""

    business: NewTenant
    clerk: Actor
    user_id: int
    membership_id: int
    token_id: int
    outlet_id: int


@pytest.fixture
def make_shop(make_business: Callable[[], NewTenant], colleague: Colleague) -> Callable[[], Shop]:
    def make() -> Shop:
        business = make_business()
        clerk = colleague(business, Role.CLERK)
        with tenant_scope(business.tenant.pk), transaction.atomic():
            outlet = create_outlet(actor=business.actor, name="Main", timezone="UTC")
            token = issue_token(actor=business.actor, name="Till", scopes=[Scope.READ], now=timezone.now()).token
            membership = Membership.objects.get(user_id=clerk.user_id)
        return Shop(business, clerk, clerk.user_id, membership.pk, token.pk, outlet.pk)

    return make


@pytest.fixture
def shop(make_shop: Callable[[], Shop]) -> Shop:
    return make_shop()


def new_user() -> dict[str, Any]:
    return {"email": f"{uuid4().hex}@shop.example", "role": "clerk"}


@dataclass(frozen=True)
class Call:
    """One call: its answer for an owner, and whether everybody who works here may make it."""

    verb: str
    path: str
    body: Callable[[], Any]
    status: int
    for_all: bool

    def make(self, api: APIClient, shop: Shop) -> Any:
        return getattr(api, self.verb)(self.path.format(**vars(shop)), self.body() or None)

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


CALLS = [
    Call("get", "/api/v1/me/", dict, 200, True),
    Call("get", "/api/v1/users/", dict, 200, False),
    Call("post", "/api/v1/users/", new_user, 201, False),
    Call("get", "/api/v1/users/{user_id}/", dict, 200, False),
    Call("patch", "/api/v1/users/{user_id}/", lambda: {"name": "Amina"}, 200, False),
    Call("put", "/api/v1/users/{user_id}/password/", lambda: {"password": "seven green bottles"}, 200, False),
    Call("post", "/api/v1/users/{user_id}/deactivate/", dict, 200, False),
    Call("post", "/api/v1/users/{user_id}/reactivate/", dict, 200, False),
    Call("get", "/api/v1/users/{user_id}/memberships/", dict, 200, False),
    Call("post", "/api/v1/users/{user_id}/memberships/", lambda: {"role": "counter"}, 200, False),
    Call("delete", "/api/v1/users/{user_id}/memberships/{membership_id}/", dict, 204, False),
    Call("get", "/api/v1/tokens/", dict, 200, False),
    Call("post", "/api/v1/tokens/", lambda: {"name": "Till 2", "scopes": ["stock"]}, 201, False),
    Call("delete", "/api/v1/tokens/{token_id}/", dict, 204, False),
    Call("get", "/api/v1/outlets/", dict, 200, True),
    Call("post", "/api/v1/outlets/", lambda: {"name": "Second", "timezone": "UTC"}, 201, False),
    Call("get", "/api/v1/outlets/{outlet_id}/", dict, 200, True),
    Call("patch", "/api/v1/outlets/{outlet_id}/", lambda: {"name": "Renamed"}, 200, False),
    Call("post", "/api/v1/outlets/{outlet_id}/deactivate/", dict, 200, False),
    Call("post", "/api/v1/outlets/{outlet_id}/reactivate/", dict, 200, False),
]
EVERY_CALL = pytest.mark.parametrize("call", CALLS, ids=str)
WITH_ID = [call for call in CALLS if "{" in call.path]


def state_of(shop: Shop) -> list[Any]:
    """Everything these calls could change."""
    tenant = shop.business.tenant.pk
    with tenant_scope(tenant), transaction.atomic():
        return [
            list(User.objects.filter(tenant_id=tenant).order_by("id").values("id", "name", "password", "is_active")),
            list(Membership.objects.order_by("id").values("id", "user_id", "outlet_id", "role")),
            list(ApiToken.objects.filter(name__in=["Till", "Till 2"]).order_by("id").values("id", "revoked_at")),
            list(Outlet.objects.order_by("id").values()),
        ]


@EVERY_CALL
def test_owners_may(
    shop: Shop,
    client_for: ClientFor,
    call: Call,
) -> None:
    api = client_for(shop.business.actor)
    answer = call.make(api, shop)
    assert answer.status_code == call.status, answer.content


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
@EVERY_CALL
def test_others_may_look_at_outlets_and_themselves(
    shop: Shop,
    client_for: ClientFor,
    colleague: Colleague,
    call: Call,
    role: Role,
) -> None:
    api = client_for(colleague(shop.business, role))
    before = state_of(shop)
    answer = call.make(api, shop)
    if call.for_all:
        assert answer.status_code == call.status
    else:
        assert answer.status_code == 403
        assert answer.json()["code"] == "not_allowed"
    assert state_of(shop) == before


@EVERY_CALL
def test_an_owners_token_for_the_till_manages_nothing(
    shop: Shop,
    client_for: ClientFor,
    call: Call,
) -> None:
    api = client_for(shop.business.actor, Scope.STOCK, Scope.READ, Scope.CATALOG)
    before = state_of(shop)
    answer = call.make(api, shop)
    assert answer.status_code == (call.status if call.for_all else 403)
    assert state_of(shop) == before


@EVERY_CALL
def test_nobody_may_do_anything(shop: Shop, call: Call) -> None:
    before = state_of(shop)
    answer = call.make(APIClient(), shop)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="lotkeeper"'
    assert state_of(shop) == before


@pytest.mark.parametrize("call", WITH_ID, ids=str)
def test_what_belongs_to_another_business_is_not_found(
    make_shop: Callable[[], Shop],
    client_for: ClientFor,
    call: Call,
) -> None:
    mine, theirs = make_shop(), make_shop()
    before = state_of(theirs)
    answer = call.make(client_for(mine.business.actor), theirs)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert state_of(theirs) == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/users/{user_id}/memberships/", {"role": "clerk"}),
        ("/api/v1/users/", {"role": "clerk", "email": "placed@shop.example"}),
    ],
)
def test_a_foreign_outlet_in_a_body_is_not_found(
    make_shop: Callable[[], Shop], client_for: ClientFor, path: str, body: dict[str, Any]
) -> None:
    mine, theirs = make_shop(), make_shop()
    before = state_of(mine)
    api = client_for(mine.business.actor)
    answer = api.post(path.format(**vars(mine)), {**body, "outlet_id": theirs.outlet_id})
    assert answer.status_code == 404
    assert answer.json()["fields"] == {"what": "outlet"}
    assert state_of(mine) == before


HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**63,
    10**400,
    "",
    " ",
    "\\u0000",
    "x" * 5000,
    "'; DROP TABLE accounts_user; --",
    [],
    [[]],
    {},
    {"id": 1},
    "2026-02-30T00:00:00Z",
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01T00:00:00+14:00",
]
FIELDS = {
    "/api/v1/users/": {"email": "h@shop.example", "role": "clerk", "name": "", "password": None, "outlet_id": None},
    "/api/v1/users/{user_id}/memberships/": {"role": "clerk", "outlet_id": None},
    "/api/v1/users/{user_id}/password/": {"password": "x"},
    "/api/v1/users/{user_id}/": {"name": "x"},
    "/api/v1/tokens/": {"name": "T", "scopes": ["read"], "user_id": None, "expires_at": None},
    "/api/v1/outlets/": {"name": "N", "timezone": "UTC", "address": ""},
    "/api/v1/outlets/{outlet_id}/": {"name": "N", "timezone": "UTC", "address": ""},
}
VERBS = {
    "/api/v1/users/{user_id}/password/": "put",
    "/api/v1/users/{user_id}/": "patch",
    "/api/v1/outlets/{outlet_id}/": "patch",
}


@pytest.mark.parametrize(("path", "field"), [(path, field) for path, fields in FIELDS.items() for field in fields])
def test_no_value_makes_the_server_fail(shop: Shop, client_for: ClientFor, path: str, field: str) -> None:
    api = client_for(shop.business.actor)
    send = getattr(api, VERBS.get(path, "post"))
    for value in HOSTILE:
        answer = send(path.format(**vars(shop)), {**FIELDS[path], field: value})
        assert answer.status_code < 500, (value, answer.content)
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json"
            assert answer.json()["code"]


def test_a_person_is_let_in_changed_and_shown(shop: Shop, client_for: ClientFor) -> None:
    api = client_for(shop.business.actor)
    address = f"Amina-{uuid4().hex}@Shop.example"
    body = {
        "email": address,
        "name": "Amina",
        "role": "manager",
        "outlet_id": shop.outlet_id,
        "password": "seven green bottles",
    }
    made = api.post("/api/v1/users/", body)
    assert made.status_code == 201
    shown = made.json()
    assert set(shown) == {"id", "email", "name", "is_active", "date_joined", "memberships"}
    assert shown["email"] == address.lower()
    assert [(row["role"], row["outlet_id"]) for row in shown["memberships"]] == [("manager", shop.outlet_id)]
    assert api.get(f"/api/v1/users/{shown['id']}/").json() == shown
    assert shown in api.get("/api/v1/users/").json()["results"]

    again = api.post("/api/v1/users/", body)
    assert again.status_code == 409
    assert again.json()["code"] == "email_taken"


def test_a_token_is_shown_once_and_works_until_revoked(shop: Shop, client_for: ClientFor) -> None:
    api = client_for(shop.business.actor)
    ends = timezone.now() + dt.timedelta(days=30)
    body = {"name": "Till 2", "scopes": ["stock", "read"], "user_id": shop.user_id, "expires_at": ends.isoformat()}
    issued = api.post("/api/v1/tokens/", body)
    assert issued.status_code == 201
    plain = issued.json()["token"]
    assert issued.json()["scopes"] == ["read", "stock"]
    assert issued.json()["expires_at"] == ends.isoformat().replace("+00:00", "Z")
    listed = api.get("/api/v1/tokens/").json()["results"]
    assert all("token" not in row and "digest" not in row for row in listed)
    assert plain.split("_")[2] in {row["prefix"] for row in listed}

    till = {"headers": {"authorization": f"Bearer {plain}"}}
    assert Client().get("/api/v1/me/", **till).json()["user_id"] == shop.user_id
    assert api.delete(f"/api/v1/tokens/{issued.json()['id']}/").status_code == 204
    assert Client().get("/api/v1/me/", **till).status_code == 401


def test_the_last_owner_stays(shop: Shop, client_for: ClientFor) -> None:
    api = client_for(shop.business.actor)
    owner = shop.business.owner.pk
    for answer in (
        api.post(f"/api/v1/users/{owner}/deactivate/"),
        api.post(f"/api/v1/users/{owner}/memberships/", {"role": "clerk"}),
    ):
        assert answer.status_code == 409
        assert answer.json()["code"] == "last_owner"
    assert User.objects.get(pk=owner).is_active
