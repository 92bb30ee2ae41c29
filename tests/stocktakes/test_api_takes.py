"""Stock takes over HTTP: opened, counted, posted once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done
from tests.stock.conftest import Shop

TAKES = f"{INVENTORY}stock-takes/"


@pytest.fixture
def api(shop: Shop, client_for: Callable[..., APIClient]) -> APIClient:
    return client_for(shop.actor)


def test_the_documented_body_works(shop: Shop, api: APIClient) -> None:
    item = shop.variation()
    batch = shop.receive(item, 40, cost="2")
    items = [{"batch_id": batch, "physical_count": 45, "variance_reason": "Found in stockroom"}]

    opened = done(api.post(TAKES, {"outlet_id": shop.outlet.pk, "items": items}))
    posted = api.post(f"{TAKES}{opened['id']}/reconcile/")

    assert (opened["scope"], opened["status"], opened["summary"]["lines"]) == ("list", "draft", 1)
    assert done(posted, 200) == {"detail": "Stock take reconciled", "adjustments": 1}
    assert shop.on_hand(item) == {"A": 45}
    assert api.get(f"{INVENTORY}operations/{posted['Operation-Id']}/").json()["kind"] == "stock_take"
