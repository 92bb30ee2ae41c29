"""The short way of a till's sale answers as the ordinary way does, and leaves to it whatever is not plain."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from tests.stock.conftest import Shop

from lotkeeper.stock.api.till import PATH, till_lane
from lotkeeper.stock.models import Operation

_references = count(1)


class Till:
    """Sends requests the short way and counts those that had to go the ordinary way."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.ordinary_calls = 0
        self._ordinary = get_wsgi_application()
        self._application = till_lane(self._counted)

    def _counted(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        self.ordinary_calls += 1
        return self._ordinary(environ, start_response)

    def send(self, body: Any, **environ: str) -> tuple[int, Any, dict[str, str]]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        told: list[Any] = []
        request = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": PATH,
            "HTTP_HOST": "localhost",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(raw),
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(raw)),
            "HTTP_AUTHORIZATION": f"Bearer {self.token}",
            **environ,
        }
        content = b"".join(self._application(request, lambda *answer: told.extend(answer)))
        return int(told[0][:3]), json.loads(content), {name.lower(): value for name, value in told[1]}


@pytest.fixture
def till(shop: Shop) -> Till:
    return Till(shop.token)


def _sale(shop: Shop, variation_id: int, **changes: Any) -> dict[str, Any]:
    return {
        "variation_id": variation_id,
        "quantity": 3,
        "outlet_id": shop.outlet.pk,
        "movement_type": "sale",
        "reason": "Sale order #1",
        "reference_id": f"order-{next(_references)}",
        **changes,
    }


def test_a_plain_sale_goes_the_short_way_with_the_answer_of_the_contract(shop: Shop, till: Till) -> None:
    item = shop.variation()
    shop.receive(item, 2, "BATCH-001", expires_in=10)
    shop.receive(item, 5, "BATCH-002", expires_in=20)
    sale = _sale(shop, item.pk)

    status, answer, headers = till.send(sale)
    again = till.send(sale)

    assert status == 200
    assert answer["success"] is True
    assert [(each["batch"], each["quantity"]) for each in answer["deductions"]] == [("BATCH-001", 2), ("BATCH-002", 1)]
    assert all(set(each) == {"batch", "quantity", "expiry"} for each in answer["deductions"])
    assert again[:2] == (200, answer)
    assert again[2]["operation-id"] == headers["operation-id"]
    assert again[2]["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in headers
    assert till.ordinary_calls == 0
    with transaction.atomic():
        operation = Operation.objects.get(reference_id=sale["reference_id"])
    assert (operation.channel, operation.reason, operation.token_id is not None) == ("api", "Sale order #1", True)


def test_both_ways_give_the_same_answer(shop: Shop, till: Till) -> None:
    item = shop.variation(decimals=3)
    shop.receive(item, "10.5", "A", expires_in=10)

    short = till.send(_sale(shop, item.pk, quantity=1.5))
    ordinary = till.send(_sale(shop, item.pk, quantity=1.5, note="goes the ordinary way"))

    assert till.ordinary_calls == 1
    assert short[0] == 200
    assert ordinary[:2] == short[:2]
    assert ordinary[2]["content-type"] == short[2]["content-type"]


def test_a_retry_may_come_either_way(shop: Shop, till: Till) -> None:
    item = shop.variation()
    shop.receive(item, 5)
    sale = _sale(shop, item.pk)
    key = {key: value for key, value in sale.items() if key != "reference_id"}

    first = till.send(sale)
    again = till.send(key, HTTP_IDEMPOTENCY_KEY=sale["reference_id"])

    assert first[:2] == again[:2]
    assert again[2]["operation-id"] == first[2]["operation-id"]
    assert shop.on_hand(item) == {"A": Decimal(2)}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"quantity": 0}, 400),
        ({"quantity": "3"}, 400),
        ({"quantity": True}, 400),
        ({"quantity": 6}, 409),
        ({"quantity": 0.5}, 400),
        ({"variation_id": 2**62}, 404),
        ({"variation_id": "1"}, 400),
        ({"outlet_id": 2**62}, 404),
        ({"movement_type": "gift"}, 400),
        ({"reason": None}, 400),
        ({"reference_id": ""}, 400),
        ({"reference_id": "x" * 201}, 400),
        ({"surprise": 1}, None),
    ],
)
def test_what_is_not_plain_or_is_refused_gets_the_ordinary_answer(
    shop: Shop, till: Till, changes: dict[str, Any], status: int | None
) -> None:
    item = shop.variation()
    shop.receive(item, 5)

    answered, body, headers = till.send(_sale(shop, item.pk) | changes)

    assert till.ordinary_calls == 1
    if status is not None:
        assert answered == status
        assert headers["content-type"] == "application/problem+json"
        assert body["status"] == status
        assert shop.on_hand(item) == {"A": Decimal(5)}


def test_a_bad_token_and_a_broken_body_get_the_ordinary_answer(shop: Shop, till: Till) -> None:
    item = shop.variation()
    shop.receive(item, 5)

    assert till.send(_sale(shop, item.pk), HTTP_AUTHORIZATION=f"Bearer {till.token[:-1]}~")[0] == 401
    assert till.send(b'{"variation_id": 1')[0] == 400
    assert till.send(b"[]")[0] == 400
    assert till.send(_sale(shop, item.pk), CONTENT_TYPE="text/plain")[0] == 415
    assert shop.on_hand(item) == {"A": Decimal(5)}
