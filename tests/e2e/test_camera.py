"""The camera reads a code off the shelf: a browser whose camera sees a film with one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.conftest import CHROMIUM, FLAGS, PHONE, LogIn, Store

from lotkeeper.stocktakes.operations import Scope, open_stock_take

WIDTH, HEIGHT, MODULE = 640, 480, 6
WHITE, BLACK, GREY = b"\xeb", b"\x10", b"\x80"
#: The left half of each digit of an EAN-8; the right half is its opposite.
DIGITS = ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011")
OPPOSITE = str.maketrans("01", "10")


def film_of(code: str) -> bytes:
    """One picture of an EAN-8, as the simplest of films: the light of each point, then its colours."""
    left = "".join(DIGITS[int(digit)] for digit in code[:4])
    right = "".join(DIGITS[int(digit)] for digit in code[4:]).translate(OPPOSITE)
    bars = b"".join((BLACK if bar == "1" else WHITE) * MODULE for bar in f"101{left}01010{right}101")
    margin = (WIDTH - len(bars)) // 2
    with_bars = WHITE * margin + bars + WHITE * (WIDTH - margin - len(bars))
    light = WHITE * WIDTH * 120 + with_bars * 240 + WHITE * WIDTH * 120
    return f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 C420\nFRAME\n".encode() + light + GREY * (WIDTH * HEIGHT // 2)


@pytest.fixture
def log_in_with_camera(browser: Browser, address: str, tmp_path: Path) -> Iterator[LogIn]:
    film = tmp_path / "shelf.y4m"
    film.write_bytes(film_of("96385074"))
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    seeing = browser.browser_type.launch(executable_path=CHROMIUM, args=[*FLAGS, *camera])
    opened = LogIn(seeing, address)
    yield opened
    faults = [fault for screen in opened.screens for fault in screen.faults]
    seeing.close()
    assert faults == []


def test_what_the_camera_sees_is_counted_once_while_it_stays_in_sight(store: Store, log_in_with_camera: LogIn) -> None:
    take = open_stock_take(actor=store.owner, outlet_id=store.shop.outlet.pk, scope=Scope())
    screen = log_in_with_camera(store.owner, PHONE)
    screen.open(f"/stock-takes/{take.pk}/count/")
    screen.page.get_by_role("button", name="Scan with the camera").click()
    expect(screen.page.locator("[data-entry-name]")).to_have_text("Bar of soap")
    screen.page.wait_for_timeout(2000)
    expect(screen.page.get_by_label("How many are there?")).to_have_value("1")
    screen.page.get_by_role("button", name="Turn the camera off").click()
    expect(screen.page.locator("video")).to_be_hidden()
    screen.page.get_by_role("button", name="Save the count").click()
    expect(screen.page.locator("[data-all-sent]")).to_be_visible()
    expect(screen.page.locator("[data-to-count] a", has_text="Bar of soap")).to_be_hidden()


def test_without_a_camera_the_page_says_so(store: Store, log_in: LogIn) -> None:
    take = open_stock_take(actor=store.owner, outlet_id=store.shop.outlet.pk, scope=Scope())
    screen = log_in(store.owner, PHONE)
    screen.open(f"/stock-takes/{take.pk}/count/")
    screen.page.get_by_role("button", name="Scan with the camera").click()
    expect(screen.page.get_by_role("alert")).to_contain_text("There is no camera")
    expect(screen.page.get_by_role("button", name="Scan with the camera")).to_be_visible()
