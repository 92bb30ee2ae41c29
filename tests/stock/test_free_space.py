"""A disk that is nearly full stops postings before it stops the database."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient
from tests.stock.conftest import Shop
from tests.stock.test_api_till import Till

from lotkeeper.core.errors import DiskFull
from lotkeeper.core.postgres.free_space import require_free_space
from lotkeeper.stock.api.till import PATH


def look_again() -> None:
    """The disk is asked at most once a second."""
    time.sleep(1.05)


def test_with_too_little_room_nothing_is_posted_and_reading_goes_on(
    shop: Shop, client_for: Callable[..., APIClient], settings: Settings, tmp_path: Path
) -> None:
    client = client_for(shop.actor)
    till = Till(client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
    item = shop.variation()
    shop.receive(item, 10)
    before = shop.ledger(item)

    def sale(reference: str) -> dict[str, Any]:
        return {"variation_id": item.pk, "quantity": 1, "outlet_id": shop.outlet.pk, "reference_id": reference}

    settings.DATABASE_DIRECTORY = tmp_path
    settings.LEAST_FREE_MB = 1_000_000_000
    look_again()
    refused = client.post(PATH, sale("a"))
    assert (refused.status_code, refused["Content-Type"]) == (507, "application/problem+json")
    problem = refused.json()
    free = problem["fields"]["free_megabytes"]
    assert abs(free - shutil.disk_usage(tmp_path).free // 1024**2) < 1000
    assert problem["code"] == "disk_full"
    assert problem["fields"] == {"free_megabytes": free, "needed_megabytes": 1_000_000_000}
    assert problem["detail"] == (
        f"Nothing was posted: the disk that the stock is kept on has {free} MB free and needs 1000000000 MB. "
        "Reading goes on; post again once there is room."
    )

    status, told, _ = till.send(sale("b"))
    assert (status, told["code"]) == (507, "disk_full")
    received = {"outlet_id": shop.outlet.pk, "lines": [{"variation_id": item.pk, "quantity": 1, "batch_number": "N"}]}
    assert client.post("/api/v1/inventory/receive/", received).status_code == 507
    lines = [{"variation_id": item.pk, "quantity": 1}]
    reserved = {"outlet_id": shop.outlet.pk, "lines": lines, "hold_seconds": 60}
    assert client.post("/api/v1/inventory/reservations/", reserved).status_code == 507
    with pytest.raises(DiskFull):
        shop.sell(item, 1, reference="c")

    assert shop.ledger(item) == before
    [shown] = client.get("/api/v1/inventory/stock/", {"variation_id": item.pk}).json()["results"]
    assert (shown["on_hand"], shown["reserved"]) == (10, 0)

    settings.LEAST_FREE_MB = 1
    look_again()
    calls = till.ordinary_calls
    assert client.post(PATH, sale("a")).status_code == 200
    assert till.send(sale("b"))[0] == 200
    assert till.ordinary_calls == calls  # The short way is open again.
    assert shop.on_hand(item) == {"A": 8}


def test_a_foreign_server_keeps_its_own_disk(settings: Settings) -> None:
    settings.DATABASE_DIRECTORY = None
    settings.LEAST_FREE_MB = 1_000_000_000
    look_again()
    require_free_space()
