"""The page on counting is carried out as it stands, and the morning it tells ends as it says."""

from __future__ import annotations

import datetime as dt
import json
import re
from decimal import Decimal
from typing import Any

from tests.conftest import ClientFor, Colleague
from tests.docs.conftest import page
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Role
from lotkeeper.catalog.operations import create_pack
from lotkeeper.stock.operations import IssueLine, deduct_stock
from lotkeeper.stocktakes.models import CountScope
from lotkeeper.stocktakes.operations import Observation, Scope, open_stock_take, reconcile_stock_take, record_counts

TAKES = "/api/v1/inventory/stock-takes/"
_JSON = r"(?:\n```json\n(.*?)^```\n)?"
#: A request of the page, its body and its answer, as far as the page tells them.
_ASKED = re.compile(rf"^```\n(POST|PATCH) (/\S+)\n```\n{_JSON}{_JSON}", re.MULTILINE | re.DOTALL)


def test_a_count_goes_as_the_page_on_counting_says(
    shop: Shop, client_for: ClientFor, colleague: Colleague, business: NewTenant
) -> None:
    api = client_for(shop.actor)
    item = shop.variation()
    first, second = shop.receive(item, 40, "A"), shop.receive(item, 12, "B", expires_in=90)
    # The page's numbers, and those that stand for them here.
    known: dict[tuple[str, Any], Any] = {
        ("outlet_id", 1): shop.outlet.pk,
        ("assignee_ids", 7): colleague(business, Role.COUNTER, shop.outlet.pk).user_id,
        ("batch_id", 10): first,
        ("batch_id", 11): second,
        ("variation_id", 421): item.pk,
        ("pack_id", 12): create_pack(actor=shop.actor, variation_id=item.pk, name="Box", factor=9).pk,
    }
    take = ""

    def real(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: real(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [real(inner, name) for inner in value]
        if name in {"counted_at", "sent_at"}:
            return dt.datetime.now(dt.UTC).isoformat()
        if name == "item_ids":
            lines = api.get(f"{TAKES}{take}/lines/").json()["results"]
            return next(line["item_id"] for line in lines if line["batch_id"] == second)
        return known.get((name, value), value)

    compared = 0
    for method, address, body, answered in _ASKED.findall(page("docs/how-to/count.md").text):
        if "items" in body:
            continue
        answer = getattr(api, method.lower())(address.format(stock_take_id=take), real(json.loads(body or "{}")))
        assert answer.status_code in {200, 201}, (address, answer.content)
        take = take or answer.json()["id"]
        if answered:
            assert answer.json() == json.loads(answered)
            compared += 1

    assert compared == 2
    assert shop.on_hand(item) == {"A": 45, "B": 10, "F2209": 6}


def test_the_morning_ends_with_the_book_that_the_page_tells(shop: Shop) -> None:
    rows = page("docs/explanation/counting.md").rows("time", "what happens", "book", "shelf")
    books = [Decimal(row[2]) for row in rows]
    counted = Decimal(re.findall(r"counted: (\d+)", rows[3][1])[0])
    sold = [Decimal(number) for row in rows for number in re.findall(r"sells (\d+)", row[1])]
    item = shop.variation()
    batch = shop.receive(item, int(books[0]))
    told = []

    def sell(quantity: Decimal, at: dt.datetime | None = None) -> None:
        lines = [IssueLine(item.pk, quantity)]
        deduct_stock(actor=shop.actor, outlet_id=shop.outlet.pk, lines=lines, occurred_at=at)

    def look() -> None:
        told.append(shop.on_hand(item)["A"])

    take = open_stock_take(actor=shop.actor, outlet_id=shop.outlet.pk, scope=Scope(CountScope.OUTLET)).pk
    look()
    sell(sold[0])
    look()
    while_offline = dt.datetime.now(dt.UTC)
    look()
    record_counts(actor=shop.actor, stock_take_id=take, observations=[Observation(batch, counted)])
    look()
    sell(sold[1], at=while_offline)
    look()
    sell(sold[2])
    look()
    reconcile_stock_take(actor=shop.actor, stock_take_id=take)
    look()

    assert told == books
    assert Decimal(rows[-1][3]) == told[-1]
    ways = page("docs/explanation/counting.md").rows("way", "the book after posting", "off by")
    before = books[-2]
    assert [int(row[1]) for row in ways] == [
        books[-1],
        before + counted - books[3],
        before + counted - books[0],
        counted,
    ]
    assert [int(row[2]) for row in ways] == [int(row[1]) - int(rows[-1][3]) for row in ways]
