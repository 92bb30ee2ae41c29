"""Who may do what with stock over HTTP: every role, at its outlet and at another."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done, problem, stock_state
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import ROLE_PERMISSIONS, Actor, Permission, Role, Scope
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.operations import IssueLine, hold_batch, reserve_stock

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Things:
    """What the calls below work on, all at one outlet."""

    outlet: int
    item: int
    batch: int
    held: int
    empty: int
    sale: int
    reservation: int

    @property
    def line(self) -> dict[str, int]:
        return {"variation_id": self.item, "quantity": 1}

    @property
    def of_batch(self) -> list[dict[str, int]]:
        return [{"batch_id": self.batch, "quantity": 1}]


@dataclass(frozen=True)
class Post:
    """One call that changes stock, the permission it needs, and its answer when it is allowed."""

    path: str
    body: Callable[[Things], dict[str, Any]]
    permission: Permission
    status: int = 201

    def __str__(self) -> str:
        return self.path.replace("/", " ").strip()

    def make(self, api: APIClient, things: Things) -> Any:
        return api.post(f"{INVENTORY}{self.path.format(**vars(things))}", self.body(things))


POSTS = [
    Post("deduct/", lambda t: {"outlet_id": t.outlet, **t.line}, Permission.SELL, 200),
    Post("deduct/", lambda t: {"outlet_id": t.outlet, "lines": [t.line]}, Permission.SELL, 200),
    Post(
        "deduct/",
        lambda t: {
            "outlet_id": t.outlet,
            "movement_type": "theft",
            "reason": "r",
            "batch_id": t.batch,
            **t.line,
        },
        Permission.WRITE_OFF,
        200,
    ),
    Post(
        "receive/",
        lambda t: {"outlet_id": t.outlet, "lines": [{**t.line, "batch_number": "N"}]},
        Permission.RECEIVE,
    ),
    Post("adjust/", lambda t: {"lines": t.of_batch, "reason": "r"}, Permission.ADJUST),
    Post(
        "write-off/",
        lambda t: {"lines": t.of_batch, "reason": "r", "movement_type": "damage"},
        Permission.WRITE_OFF,
    ),
    Post("returns/", lambda t: {"lines": t.of_batch, "movement_type": "customer_return"}, Permission.RETURN),
    Post("returns/", lambda t: {"lines": t.of_batch, "movement_type": "supplier_return"}, Permission.RETURN),
    Post(
        "returns/",
        lambda t: {"lines": [t.line], "movement_type": "customer_return", "sale_operation_id": t.sale},
        Permission.RETURN,
    ),
    Post("reversals/", lambda t: {"operation_id": t.sale, "reason": "r"}, Permission.REVERSE),
    Post(
        "batches/{batch}/amend/",
        lambda _: {"batch_number": f"X{next(_numbers)}", "reason": "r"},
        Permission.AMEND_BATCH,
        200,
    ),
    Post("batches/{batch}/hold/", lambda _: {"reason": "r"}, Permission.HOLD_BATCH, 200),
    Post("batches/{held}/release/", lambda _: {"reason": "r"}, Permission.HOLD_BATCH, 200),
    Post("batches/{empty}/archive/", lambda _: {"reason": "r"}, Permission.AMEND_BATCH, 200),
    Post(
        "reservations/",
        lambda t: {"outlet_id": t.outlet, "lines": [t.line], "hold_seconds": 60},
        Permission.RESERVE,
    ),
    Post("reservations/{reservation}/commit/", lambda _: {}, Permission.SELL),
    Post("reservations/{reservation}/release/", lambda _: {}, Permission.RESERVE, 200),
]
EVERY_POST = pytest.mark.parametrize("post", POSTS, ids=str)
READS = ["batches/", "stock/", "movements/", "reservations/", "transfers/"]


@pytest.fixture
def things(shop: Shop) -> Things:
    item = shop.variation()
    batch = shop.receive(item, 50, "A", expires_in=90)
    held = shop.receive(item, 5, "H", expires_in=90)
    empty = shop.receive(item, 1, "E", expires_in=10)
    sale = shop.sell(item, 2).operation_id
    hold_batch(actor=shop.actor, batch_id=held, reason="seal")
    promise = reserve_stock(
        actor=shop.actor,
        outlet_id=shop.outlet.pk,
        lines=[IssueLine(item.pk, Decimal(1))],
        hold_for=dt.timedelta(hours=1),
    )
    return Things(shop.outlet.pk, item.pk, batch, held, empty, sale, promise.reservation_id)


@pytest.fixture
def client_as(
    business: NewTenant, colleague: Callable[..., Actor], client_for: Callable[..., APIClient]
) -> Callable[..., APIClient]:
    return lambda role, outlet_id, *scopes: client_for(colleague(business, role, outlet_id), *scopes)


@pytest.mark.parametrize("role", list(Role), ids=str)
@EVERY_POST
def test_each_role_does_what_is_its_part(
    shop: Shop, things: Things, client_as: Callable[..., APIClient], *, post: Post, role: Role
) -> None:
    before = stock_state(shop.actor.tenant_id)

    answer = post.make(client_as(role, things.outlet), things)

    if post.permission in ROLE_PERMISSIONS[role]:
        assert answer.status_code == post.status, answer.content
        assert stock_state(shop.actor.tenant_id) != before
    else:
        refused = problem(answer, 403, "not_allowed")
        assert refused["fields"] == {"permission": post.permission.value, "outlet_id": things.outlet}
        assert stock_state(shop.actor.tenant_id) == before


@EVERY_POST
def test_nobody_changes_stock_elsewhere_or_with_a_token_for_reading(
    shop: Shop,
    things: Things,
    client_as: Callable[..., APIClient],
    make_outlet: Callable[..., Outlet],
    *,
    post: Post,
) -> None:
    before = stock_state(shop.actor.tenant_id)

    for client in (
        client_as(Role.OWNER, make_outlet("Second").pk),
        client_as(Role.OWNER, things.outlet, Scope.READ),
        client_as(Role.OWNER, things.outlet, Scope.CATALOG),
    ):
        problem(post.make(client, things), 403, "not_allowed")
    problem(post.make(APIClient(), things), 401, "not_authenticated")
    assert stock_state(shop.actor.tenant_id) == before


@pytest.mark.parametrize("role", list(Role), ids=str)
@pytest.mark.parametrize("path", READS)
def test_each_role_looks_at_its_outlet_only(
    things: Things,
    client_as: Callable[..., APIClient],
    make_outlet: Callable[..., Outlet],
    *,
    path: str,
    role: Role,
) -> None:
    here = done(client_as(role, things.outlet).get(f"{INVENTORY}{path}"), 200)
    elsewhere = done(client_as(role, make_outlet("Second").pk).get(f"{INVENTORY}{path}"), 200)

    assert (here["results"] != []) == (path != "transfers/")
    assert elsewhere["results"] == []


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_each_role_opens_what_is_at_its_outlet_only(
    things: Things, client_as: Callable[..., APIClient], make_outlet: Callable[..., Outlet], *, role: Role
) -> None:
    here, elsewhere = client_as(role, things.outlet), client_as(role, make_outlet("Second").pk)
    for path in (f"batches/{things.batch}/", f"operations/{things.sale}/", f"reservations/{things.reservation}/"):
        assert here.get(f"{INVENTORY}{path}").status_code == 200
        problem(elsewhere.get(f"{INVENTORY}{path}"), 404, "not_found")
