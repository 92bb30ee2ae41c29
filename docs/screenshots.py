"""Takes the pictures of all pages that stand in docs/images: `make screenshots`.

It starts a demonstration shop of its own in a temporary folder, logs in as its owner, and looks at each page on a desk
(light and dark) and on a phone.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from lotkeeper.demo.policies.story import OWNER, PASSWORD

IMAGES = Path(__file__).parent / "images" / "pages"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
#: Each look: the suffix of the picture's name, the window, and the colours.
LOOKS = [("", DESK, "light"), ("-dark", DESK, "dark"), ("-phone", PHONE, "light")]
#: A picture of a page has few colours; these are enough for all of them, and a quarter of the weight.
COLOURS = 255

#: The demonstration's own articles: 421 has two lots at Harbour Road, 420 one on hold.
PAGES = {
    "overview": "/",
    "stock": "/stock/",
    "product": "/stock/420/",
    "statement": "/stock/421/statement/?outlet=1",
    # Found on the page of its product.
    "hold": "",
    "sell": "/sell/?variation=421&outlet=1",
    "receive": "/receive/?variation=421&outlet=1",
    "adjust": "/adjust/?variation=421&outlet=1",
    "transfers": "/transfers/",
    "send": "/transfers/new/?variation=421&outlet=1",
    "transfer": "/transfers/3/",
    "stock-takes": "/stock-takes/?outlet=1",
    "stock-take-new": "/stock-takes/new/",
    # The demonstration's own counts: the first is posted, the second goes on.
    "stock-take-posted": "/stock-takes/1/?only=differences",
    "stock-take": "/stock-takes/2/",
    "stock-take-count": "/stock-takes/2/count/",
    "products": "/products/",
    "product-edit": "/products/1/",
    "product-new": "/products/new/",
    "variation": "/products/variations/421/",
    "integrity": "/integrity/",
    "outlets": "/outlets/",
    "outlet": "/outlets/1/",
    "people": "/people/",
    "person": "/people/2/",
    "tokens": "/tokens/",
    "two-factor": "/accounts/2fa/",
}


def main() -> None:
    """Take every picture anew."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for suffix, window, colours in LOOKS:
            take(browser, address, suffix, window, colours)
        browser.close()


def take(browser: Browser, address: str, suffix: str, window: dict[str, int], colours: str) -> None:
    """All pages in one look."""
    context = browser.new_context(viewport=window, color_scheme=colours, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{address}/accounts/login/")
    keep(page.screenshot(), f"login{suffix}")
    page.fill("[name=login]", OWNER.email)
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.goto(f"{address}/integrity/")
    if page.get_by_text("Nothing to show yet").count():
        page.get_by_role("button", name="Check now").click()
        page.wait_for_timeout(5000)
    page.goto(f"{address}/stock/421/?outlet=1")
    link = page.get_by_role("link", name="Hold").first.get_attribute("href") or ""
    for name, path in PAGES.items():
        page.goto(address + (link if name == "hold" else path))
        if name == "sell":
            page.get_by_label("Quantity").fill("5")
            page.get_by_label("Quantity").blur()
        if name == "stock-take-count":
            page.locator("[data-to-count] a").first.click()
            page.get_by_label("How many are there?").fill("12")
        page.wait_for_load_state("networkidle")
        keep(page.screenshot(), f"{name}{suffix}")
    context.close()


def keep(picture: bytes, name: str) -> None:
    """Write a picture small."""
    with Image.open(io.BytesIO(picture)) as image:
        few = image.convert("RGB").quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        few.save(IMAGES / f"{name}.png", optimize=True)


@contextmanager
def demonstration() -> Iterator[str]:
    """A demonstration shop that runs while the pictures are taken."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="lotkeeper-pictures-") as home:
        command = [sys.executable, "-m", "lotkeeper.config.cli", "up", "--demo", "--port", str(port)]
        shop = subprocess.Popen(command, env={**os.environ, "LOTKEEPER_HOME": home}, stdout=subprocess.PIPE, text=True)
        assert shop.stdout is not None
        for line in shop.stdout:
            if line.startswith("Press Ctrl-C"):
                break
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            shop.send_signal(signal.SIGTERM)
            shop.wait(30)


if __name__ == "__main__":
    main()
