"""A browser, a server of the tests' own, and a small shop that was filled through the operations."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections, transaction
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from tests.stock.conftest import Shop, make_outlet, shop

from lotkeeper.accounts.models import User
from lotkeeper.accounts.operations.tenants import NewTenant
from lotkeeper.accounts.policies import Actor
from lotkeeper.catalog.models import ItemVariation
from lotkeeper.catalog.operations import NewVariation, ProductFields, VariationFields, create_product
from lotkeeper.outlets.models import Outlet
from lotkeeper.stock.operations import hold_batch

__all__ = ["make_outlet", "shop"]

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
#: A refusal is an answer, and the browser notes its status; anything else it notes is a fault.
REFUSALS = tuple(
    f"Failed to load resource: the server responded with a status of {status}" for status in (400, 403, 404, 409, 422)
)
WIDE = {"width": 1360, "height": 900}
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One browser serves all of these tests, so one process runs them."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="there is no chromium here; make chromium installs it"))


class _ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is the standard library's
        return


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the product answers, in threads of this process."""
    application = StaticFilesHandler(get_wsgi_application())
    with make_server("127.0.0.1", 0, application, _ThreadingServer, _QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Playwright keeps an event loop in this thread. Django would refuse to work beside one, and makes a new connection
    # there, so it is not kept for longer than these tests.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        connections.close_all()
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@dataclass
class Screen:
    """A window of the browser in which somebody is logged in; what it notes as wrong is collected."""

    context: BrowserContext
    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        answer = self.page.goto(self.address + path)
        assert answer is not None
        assert answer.status == 200, path

    def settle(self) -> None:
        """Wait until nothing is asked of the server any more."""
        self.page.wait_for_load_state("networkidle")

    def text(self, selector: str) -> str:
        """What stands somewhere, its white space made one."""
        return " ".join(self.page.locator(selector).inner_text().split())

    def note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(REFUSALS):
            self.faults.append(message.text)


class LogIn:
    """Opens a window for a person of a business; afterwards the browser must have had nothing to complain about."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser, self._address = browser, address
        self.screens: list[Screen] = []

    def __call__(self, actor: Actor | None = None, viewport: dict[str, int] | None = None) -> Screen:
        context = self._browser.new_context(viewport=viewport or WIDE, color_scheme="light", reduced_motion="reduce")
        context.set_default_timeout(8000)
        if actor is not None:
            client = Client()
            client.force_login(User.objects.get(pk=actor.user_id))
            cookie = client.cookies["sessionid"]
            context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": self._address}])
        page = context.new_page()
        screen = Screen(context, page, self._address)
        page.on("console", screen.note)
        page.on("pageerror", lambda error: screen.faults.append(str(error)))
        self.screens.append(screen)
        return screen


@pytest.fixture
def log_in(browser: Browser, address: str) -> Iterator[LogIn]:
    opened = LogIn(browser, address)
    yield opened
    faults = [fault for screen in opened.screens for fault in screen.faults]
    for screen in opened.screens:
        screen.context.close()
    assert faults == []


@dataclass(frozen=True)
class Store:
    """Two outlets and a few products, each in a state worth seeing."""

    shop: Shop
    other_outlet: Outlet
    milk: ItemVariation
    pills: ItemVariation
    soap: ItemVariation
    expired_milk: int
    first_milk: int
    held_pills: int

    @property
    def owner(self) -> Actor:
        return self.shop.actor


@pytest.fixture
def store(shop: Shop, business: NewTenant, make_outlet: Callable[..., Outlet]) -> Store:
    """Milk: 4 expired, 6 by tomorrow week, 20 later. Pills: 10, and 5 held. Soap: undated, below its reorder point."""

    def product(name: str, sku: str, code: str, reorder_point: int | None = None) -> ItemVariation:
        details = VariationFields(sku=sku, name="1 l" if name == "Whole milk" else "", reorder_point=reorder_point)
        with transaction.atomic():
            made = create_product(
                actor=shop.actor,
                details=ProductFields(name=name, retail_price=2),
                variations=[NewVariation(details=details, barcodes=(code,))],
            )
            return ItemVariation.objects.select_related("product").get(product=made)

    milk = product("Whole milk", "MILK-1", "4006381333931")
    pills = product("Headache pills", "PILL-20", "09506000134352")
    soap = product("Bar of soap", "SOAP-1", "96385074", reorder_point=9)
    expired = shop.receive(milk, 4, "M-OLD", expires_in=-3, cost="0.80")
    first = shop.receive(milk, 6, "M-1", expires_in=8, cost="0.80")
    shop.receive(milk, 20, "M-2", expires_in=40, cost="0.90")
    shop.receive(pills, 10, "P-1", expires_in=400, cost="1.2345")
    held = shop.receive(pills, 5, "P-HELD", expires_in=500, cost="1.20")
    hold_batch(actor=shop.actor, batch_id=held, reason="The seal looks wrong")
    shop.receive(soap, 3, "S-1", cost="0.50")
    return Store(shop, make_outlet("Station kiosk"), milk, pills, soap, expired, first, held)
