"""How heavy the pages are, as they would travel compressed: an old phone on a slow line is somebody's till."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from tests.stock.conftest import Shop, make_outlet, shop

from lotkeeper.accounts.models import User
from lotkeeper.stocktakes.operations import Scope, open_stock_take

__all__ = ["make_outlet", "shop"]

KILOBYTE = 1024


def weight(content: bytes) -> int:
    return len(gzip.compress(content, 6))


def static_file(name: str) -> bytes:
    found = finders.find(name)
    assert found, f"{name} is missing: make assets builds it"
    return Path(found).read_bytes()


def test_the_built_files_are_light() -> None:
    assert weight(static_file("web/dist/app.js")) <= 20 * KILOBYTE
    assert weight(static_file("web/dist/app.css")) <= 12 * KILOBYTE


def test_the_page_of_a_count_is_light(shop: Shop) -> None:
    for number in range(30):
        variation = shop.variation()
        for lot in range(5):
            shop.receive(variation, 5, f"L-{number}-{lot}", expires_in=lot * 20, cost="1")
    take = open_stock_take(actor=shop.actor, outlet_id=shop.outlet.pk, scope=Scope())
    browser = Client()
    browser.force_login(User.objects.get(pk=shop.actor.user_id))
    page = browser.get(f"/stock-takes/{take.pk}/count/")
    needed = set(re.findall(r'(?:src|href)="/static/([^"#]+)', page.content.decode()))
    assert needed == {"web/dist/app.js", "web/dist/count.js", "web/dist/app.css", "web/mark.svg", "web/icons.svg"}
    # The script that keeps the page comes after it.
    needed.add("web/dist/count-worker.js")
    assert weight(page.content) + sum(weight(static_file(name)) for name in needed) <= 60 * KILOBYTE
    # Once, when somebody turns the camera on for the first time.
    camera = ("web/dist/camera.js", "web/dist/zxing_reader.wasm")
    assert sum(weight(static_file(name)) for name in camera) <= 420 * KILOBYTE


@pytest.mark.parametrize(("path", "limit"), [("/", 45), ("/stock/", 50), ("/sell/", 45), ("/receive/", 45)])
def test_a_page_with_all_it_needs_is_light(shop: Shop, path: str, limit: int) -> None:
    for number in range(30):
        variation = shop.variation()
        for lot in range(5):
            shop.receive(variation, 5, f"L-{number}-{lot}", expires_in=lot * 20, cost="1")
    browser = Client()
    browser.force_login(User.objects.get(pk=shop.actor.user_id))
    page = browser.get(path)
    needed = set(re.findall(r'(?:src|href)="/static/([^"#]+)', page.content.decode()))
    # The page itself, its style, its script, the icons, and the mark in two places.
    assert needed == {"web/dist/app.js", "web/dist/app.css", "web/mark.svg", "web/icons.svg"}
    assert weight(page.content) + sum(weight(static_file(name)) for name in needed) <= limit * KILOBYTE
    fragment = browser.get(path, headers={"HX-Request": "true"})
    assert weight(fragment.content) <= 10 * KILOBYTE
