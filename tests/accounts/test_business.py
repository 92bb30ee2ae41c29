"""The business's own rules: seen by all who work there, changed by owners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient
from tests.stock.answers import done, problem

from lotkeeper.accounts.models import Tenant
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Role, Scope

BUSINESS = "/api/v1/business/"


@pytest.fixture
def api(business: NewTenant, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(business.actor)


def kept(business: NewTenant) -> dict[str, Any]:
    return Tenant.objects.filter(pk=business.tenant.pk).values().get()


def test_an_owner_changes_the_rules_and_nothing_else_changes(business: NewTenant, api: APIClient) -> None:
    before = done(api.get(BUSINESS), 200)
    assert before == {
        "id": business.tenant.pk,
        "name": "Corner Pharmacy",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "issue_policy": "fefo",
        "backdating_limit_days": 31,
        "count_tolerance_units": None,
        "count_tolerance_value": None,
    }
    changes = {
        "name": " Harbour Pharmacy ",
        "issue_policy": "fifo",
        "backdating_limit_days": 7,
        "count_tolerance_units": 2.5,
        "count_tolerance_value": "10",
    }
    after = {**before, **changes, "name": "Harbour Pharmacy", "count_tolerance_value": "10.00"}
    assert done(api.patch(BUSINESS, changes), 200) == after
    assert done(api.patch(BUSINESS, {"count_tolerance_units": None}), 200) == {**after, "count_tolerance_units": None}
    assert done(api.patch(BUSINESS, {}), 200) == done(api.get(BUSINESS), 200)
    # What the books are kept in stays.
    assert done(api.patch(BUSINESS, {"currency": "USD", "timezone": "UTC"}), 200)["currency"] == "EUR"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("name", value) for value in ("", "  ", "x" * 201, None, 3)],
        *[("issue_policy", value) for value in ("lifo", None, 1)],
        *[("backdating_limit_days", value) for value in (-1, 367, 1.5, "7", None, True)],
        *[("count_tolerance_units", value) for value in (-1, 0.0001, "2", True)],
        *[("count_tolerance_value", value) for value in (-1, "1.23456", True, [])],
    ],
)
def test_what_is_no_rule_is_refused(business: NewTenant, api: APIClient, *, name: str, value: Any) -> None:
    before = kept(business)
    refused = problem(api.patch(BUSINESS, {"name": "Other", name: value}), 400, "invalid_request")
    assert list(refused["errors"]) == [name]
    assert kept(business) == before


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER], ids=str)
def test_others_see_the_rules_and_do_not_change_them(
    business: NewTenant, colleague: Any, client_for: Any, *, role: Role
) -> None:
    client, before = client_for(colleague(business, role)), kept(business)
    assert done(client.get(BUSINESS), 200)["name"] == "Corner Pharmacy"
    refused = problem(client.patch(BUSINESS, {"name": "Mine"}), 403, "not_allowed")
    assert refused["fields"]["permission"] == "manage_business"
    assert kept(business) == before


def test_a_token_for_stock_does_not_change_the_rules(business: NewTenant, client_for: Any) -> None:
    before = kept(business)
    problem(client_for(business.actor, Scope.STOCK).patch(BUSINESS, {"name": "Mine"}), 403, "not_allowed")
    assert kept(business) == before
