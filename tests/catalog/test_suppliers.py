"""Suppliers over HTTP: noted, renamed, named by products, deleted when nothing names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from rest_framework.test import APIClient
from tests.stock.answers import done, problem
from tests.stock.conftest import Shop, make_outlet, shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import ROLE_PERMISSIONS, Permission, Role
from lotkeeper.catalog.models import Supplier

__all__ = ["make_outlet", "shop"]

SUPPLIERS, PRODUCTS = "/api/v1/suppliers/", "/api/v1/products/"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


def names() -> list[str]:
    with transaction.atomic():
        return list(Supplier.objects.order_by("id").values_list("name", flat=True))


def test_suppliers_are_noted_renamed_and_listed_by_name(api: APIClient) -> None:
    north = done(api.post(SUPPLIERS, {"name": " Wholesale North "}))
    dairy = done(api.post(SUPPLIERS, {"name": "Dairy Round"}))
    assert north == {"id": north["id"], "name": "Wholesale North"}
    assert done(api.patch(f"{SUPPLIERS}{north['id']}/", {"name": "North"}), 200) == {"id": north["id"], "name": "North"}
    assert done(api.get(SUPPLIERS), 200)["results"] == [dairy, {"id": north["id"], "name": "North"}]
    assert done(api.get(f"{SUPPLIERS}{dairy['id']}/"), 200) == dairy


def test_a_name_is_one_suppliers(api: APIClient) -> None:
    done(api.post(SUPPLIERS, {"name": "North"}))
    south = done(api.post(SUPPLIERS, {"name": "South"}))["id"]
    problem(api.post(SUPPLIERS, {"name": "North"}), 409, "supplier_name_taken")
    problem(api.patch(f"{SUPPLIERS}{south}/", {"name": "North"}), 409, "supplier_name_taken")
    for name in ("", " ", "x" * 201, None, 3):
        problem(api.post(SUPPLIERS, {"name": name}), 400, "invalid_request")
    assert names() == ["North", "South"]


def test_products_say_who_delivers_them(api: APIClient) -> None:
    north = done(api.post(SUPPLIERS, {"name": "North"}))["id"]
    tea = done(api.post(PRODUCTS, {"name": "Tea", "supplier_id": north}))
    salt = done(api.post(PRODUCTS, {"name": "Salt"}))
    assert (tea["supplier_id"], salt["supplier_id"]) == (north, None)
    listed = done(api.get(f"{PRODUCTS}?supplier_id={north}"), 200)["results"]
    assert [product["id"] for product in listed] == [tea["id"]]
    problem(api.post(PRODUCTS, {"name": "Oil", "supplier_id": north + 10_000}), 404, "not_found")
    assert done(api.patch(f"{PRODUCTS}{tea['id']}/", {"supplier_id": None}), 200)["supplier_id"] is None


def test_a_supplier_that_something_names_stays(shop: Shop, api: APIClient) -> None:
    north, south = (done(api.post(SUPPLIERS, {"name": name}))["id"] for name in ("North", "South"))
    product = done(api.post(PRODUCTS, {"name": "Tea", "supplier_id": north}))["id"]
    count = {"outlet_id": shop.outlet.pk, "scope": "supplier", "supplier_id": south}
    done(api.post("/api/v1/inventory/stock-takes/", count))
    problem(api.delete(f"{SUPPLIERS}{north}/"), 409, "in_use")
    problem(api.delete(f"{SUPPLIERS}{south}/"), 409, "in_use")
    assert names() == ["North", "South"]
    done(api.patch(f"{PRODUCTS}{product}/", {"supplier_id": None}), 200)
    assert api.delete(f"{SUPPLIERS}{north}/").status_code == 204
    problem(api.get(f"{SUPPLIERS}{north}/"), 404, "not_found")
    assert names() == ["South"]


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_each_role_does_what_is_its_part(
    api: APIClient, business: NewTenant, colleague: Any, client_for: Any, *, role: Role
) -> None:
    north = done(api.post(SUPPLIERS, {"name": "North"}))["id"]
    client = client_for(colleague(business, role))
    assert client.get(SUPPLIERS).status_code == 200
    answers = [
        client.post(SUPPLIERS, {"name": "South"}),
        client.patch(f"{SUPPLIERS}{north}/", {"name": "West"}),
        client.delete(f"{SUPPLIERS}{north}/"),
    ]
    if Permission.MANAGE_CATALOG in ROLE_PERMISSIONS[role]:
        assert [answer.status_code for answer in answers] == [201, 200, 204]
    else:
        assert {problem(answer, 403, "not_allowed")["fields"]["permission"] for answer in answers} == {"manage_catalog"}
        assert names() == ["North"]
