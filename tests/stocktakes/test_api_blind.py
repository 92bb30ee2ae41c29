"""In a blind count nothing of the book reaches whoever counts: not in an answer, not in a refusal, not in a cursor."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from rest_framework.test import APIClient
from tests.stock.answers import INVENTORY, done, problem
from tests.stock.conftest import Shop

from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor, Role
from lotkeeper.catalog.models import ItemVariation

#: What depends on the book, by the name it has in an answer.
OF_THE_BOOK = {
    "system_count", "system_version", "variance", "unit_cost", "value", "moved_since", "lines_since", "entered_late",
    "superseded", "beyond_tolerance", "needs_approval", "approved_by_id", "approved_at", "disagreement",
    "moved_between_places", "differing", "needing_approval", "book_units", "net_units", "absolute_units", "net_value",
    "absolute_value", "accuracy_net", "accuracy_absolute",
}  # fmt: skip
#: Figures that occur nowhere else: what is on hand, what was counted less that, and what the difference is worth.
BOOK, SOLD, COUNTED, COST = 7_313_137, 17, 4_000_903, "1.37"
SECRETS = (BOOK, BOOK - SOLD, COUNTED - BOOK, COUNTED - BOOK + SOLD)


@dataclass(frozen=True)
class Blind:
    """A blind count that has been begun, and who counts it."""

    address: str
    item: ItemVariation
    batch: int
    counter: APIClient
    owner: APIClient


@pytest.fixture
def blind(shop: Shop, business: NewTenant, colleague: Callable[..., Actor], client_for: Any) -> Blind:
    owner = client_for(shop.actor)
    counter = client_for(colleague(business, Role.COUNTER, shop.outlet.pk))
    item = shop.variation()
    batch = shop.receive(item, BOOK, cost=COST)
    shop.receive(shop.variation(), 3, "also")
    shop.receive(shop.variation(), 3, "untouched")
    take = done(owner.post(f"{INVENTORY}stock-takes/", {"outlet_id": shop.outlet.pk, "blind": True}))["id"]
    return Blind(f"{INVENTORY}stock-takes/{take}/", item, batch, counter, owner)


def everything_sent(shop: Shop, blind: Blind) -> Iterator[Any]:
    """Every answer that the count's addresses give to whoever counts, from the first look to the posting."""
    get, post = blind.counter.get, blind.counter.post
    seen = {"batch_id": blind.batch, "quantity": COUNTED}
    yield post(f"{blind.address}count/", seen)
    shop.sell(blind.item, SOLD)
    also = done(get(f"{blind.address}to-count/"), 200)["results"][0]
    yield post(f"{blind.address}count/", {"observations": [{"batch_id": also["batch_id"], "quantity": 1}]})
    yield post(f"{blind.address}count/", {**seen, "place": "store room", "quantity": 0})
    yield post(f"{blind.address}count/", {**seen, "round": 2})
    yield post(f"{blind.address}count/", {**seen, "quantity": -1})
    yield from looks(blind)
    item = done(get(f"{blind.address}lines/"), 200)["results"][0]["item_id"]
    yield blind.counter.patch(f"{blind.address}", {"notes": "Shelf 3"})
    yield post(f"{blind.address}recount/", {"item_ids": [item]})
    yield post(f"{blind.address}approve/", {})
    yield post(f"{blind.address}reconcile/")
    yield blind.counter.patch(f"{blind.address}reconcile/")
    yield post(f"{blind.address}cancel/")
    yield post(f"{blind.address}complete/")
    yield from looks(blind)
    # Goods were sold between the counts of two places: somebody who counted neither has to say that it is right.
    done(blind.owner.post(f"{blind.address}approve/", {}), 200)
    done(blind.owner.post(f"{blind.address}reconcile/"), 200)
    yield post(f"{blind.address}complete/")
    yield post(f"{blind.address}count/", seen)
    yield from looks(blind)


def looks(blind: Blind) -> Iterator[Any]:
    get = blind.counter.get
    yield get(blind.address)
    yield get(f"{INVENTORY}stock-takes/")
    for name in ("lines", "to-count", "observations"):
        page = get(f"{blind.address}{name}/?page_size=1")
        yield page
        while (following := page.json()["next"]) is not None:
            page = get(following)
            yield page
    yield get(f"{blind.address}lines/?only=differences")
    yield get(f"{blind.address}lines/?only=unapproved")
    yield get(f"{blind.address}lookup/?code={blind.item.sku}")


def figures(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of an answer with the name it has there."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from figures(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from figures(inner, name)
    else:
        yield name, value


def cursors(body: Any) -> Iterator[str]:
    for name in ("next", "previous"):
        if isinstance(body, dict) and body.get(name):
            sealed = parse_qs(urlsplit(body[name]).query)["cursor"][0].split(":")[0]
            yield base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)).decode()


def test_nothing_of_the_book_is_sent_to_whoever_counts(shop: Shop, blind: Blind) -> None:
    names: set[str] = set()
    for answer in everything_sent(shop, blind):
        body = json.loads(answer.content)
        text = answer.content.decode() + "".join(cursors(body))
        assert [secret for secret in SECRETS if str(abs(secret)) in text] == [], text
        assert "sold_since_counted" not in text
        for name, value in figures(body):
            names.add(name)
            assert name not in OF_THE_BOOK or value is None, (name, answer.request["PATH_INFO"])
    # Were the figures not in the answers at all, this would show nothing.
    assert OF_THE_BOOK - names == set()


def test_whoever_posts_the_count_sees_every_figure(shop: Shop, blind: Blind) -> None:
    done(blind.counter.post(f"{blind.address}count/", {"batch_id": blind.batch, "quantity": COUNTED}), 200)
    [line] = done(blind.owner.get(f"{blind.address}lines/?only=differences"), 200)["results"]
    assert (line["system_count"], line["variance"]) == (BOOK, COUNTED - BOOK)
    [seen] = done(blind.owner.get(f"{blind.address}observations/"), 200)["results"]
    assert (seen["system_count"], seen["system_version"]) == (BOOK, 1)
    assert done(blind.owner.get(blind.address), 200)["summary"]["book_units"] == BOOK


def test_in_a_blind_count_lines_are_not_picked_by_their_difference(blind: Blind) -> None:
    refused = problem(blind.counter.get(f"{blind.address}lines/?only=differences"), 400, "invalid_request")
    assert refused["errors"] == {"only": ["In a blind count whoever counts does not see what differs."]}


def test_a_page_of_whoever_sees_the_book_does_not_go_on_for_whoever_counts(blind: Blind) -> None:
    others = [row["batch_id"] for row in done(blind.owner.get(f"{blind.address}to-count/"), 200)["results"]]
    seen = [{"batch_id": batch, "quantity": 1} for batch in others]
    done(blind.counter.post(f"{blind.address}count/", {"observations": seen}), 200)
    page = f"{blind.address}lines/?page_size=1"
    following = {client: done(client.get(page), 200)["next"] for client in (blind.owner, blind.counter)}
    problem(blind.counter.get(following[blind.owner]), 400, "invalid_cursor")
    problem(blind.owner.get(following[blind.counter]), 400, "invalid_cursor")
    for client, address in following.items():
        assert len(done(client.get(address), 200)["results"]) == 1


def test_an_open_count_shows_the_counter_the_book(shop: Shop, blind: Blind) -> None:
    take = done(blind.owner.post(f"{INVENTORY}stock-takes/", {"outlet_id": shop.outlet.pk}))["id"]
    address = f"{INVENTORY}stock-takes/{take}/"
    done(blind.counter.post(f"{address}count/", {"batch_id": blind.batch, "quantity": COUNTED}), 200)
    assert done(blind.counter.get(f"{address}lines/"), 200)["results"][0]["system_count"] == BOOK
