"""``lotkeeper up --demo`` as ``make run`` starts it: the whole product, and what it prints."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE_SECONDS = 150

pytestmark = [pytest.mark.timeout(400), pytest.mark.xdist_group("product")]


@contextmanager
def started(home: Path, port: int) -> Iterator[str]:
    """The product, stopped again at the end; what it printed until it was ready."""
    withheld = {"DATABASE_URL", "DATABASE_OWNER_URL", "LOTKEEPER_SECRET_KEY", "DJANGO_SETTINGS_MODULE"}
    environment = {name: value for name, value in os.environ.items() if name not in withheld}
    with (home.parent / "printed").open("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "lotkeeper.config.cli", "up", "--demo", "--port", str(port)],
            env=environment | {"LOTKEEPER_HOME": str(home)}, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while "Press Ctrl-C to stop." not in (printed := (home.parent / "printed").read_text()):
                assert process.poll() is None, printed
                assert time.monotonic() < deadline, printed
                time.sleep(0.05)
            yield printed
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(30)
            finally:
                process.kill()


def test_the_first_start_makes_the_shop_and_the_second_finds_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    with started(home, port) as printed:
        (curl,) = re.findall(r"curl -X POST .*?}'", printed, re.DOTALL)
        # Read as a shell reads it; sent without curl, which not every machine has.
        words = shlex.split(curl.replace("\\\n", " "))
        headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
        body = words[words.index("-d") + 1]
        # In a new installation the guide's example can be sent word for word.
        assert json.loads(body) == {
            "variation_id": 421,
            "quantity": 5,
            "outlet_id": 1,
            "movement_type": "sale",
            "reason": "Sale order #12345",
            "reference_id": "order_12345",
        }
        request = urllib.request.Request(words[3], data=body.encode(), headers=headers, method="POST")
        assert words[3] == f"http://127.0.0.1:{port}/api/v1/inventory/deduct/"
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = json.load(answer)
        assert told["success"] is True
        assert [(line["batch"], line["quantity"]) for line in told["deductions"]] == [
            ("BATCH-001", 3),
            ("BATCH-002", 2),
        ]

    with started(home, port) as printed:
        assert "owner@harbour.example" in printed
        assert "lotkeeper token --email owner@harbour.example --scope stock" in printed
        assert "lk_1_" not in printed
