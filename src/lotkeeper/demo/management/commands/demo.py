"""``lotkeeper demo``: a shop to try things in."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from lotkeeper.demo.operations import open_demo_shop
from lotkeeper.demo.policies.console import ADDRESS, NOT_HERE, reminder, welcome
from lotkeeper.demo.queries import demo_tenant_id, somebody_keeps_stock

_BAR: Final = 30
_YEAR_WEEKS: Final = 52
_WEEKS_LIMIT: Final = 104


class Command(BaseCommand):
    """Made once; after that it only says where to click. It keeps away from installations that are in earnest."""

    help = "Make a demonstration shop: three outlets, some 400 articles, a year of stock movements, and logins."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where it is reached, and how much past it gets."""
        parser.add_argument("--address", default=ADDRESS, help="where Lotkeeper is reached, for what is printed")
        parser.add_argument("--weeks", type=int, default=_YEAR_WEEKS, help="weeks of movements (default 52)")
        parser.add_argument(
            "--beside-others", action="store_true", help="also where a business keeps its stock, known password or not"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the shop unless it is here, and print how to use it."""
        address = options["address"].rstrip("/") + "/"
        weeks = options["weeks"]
        if not 1 <= weeks <= _WEEKS_LIMIT:
            message = f"--weeks must be between 1 and {_WEEKS_LIMIT}."
            raise CommandError(message)
        if demo_tenant_id() is not None:
            self.stdout.write(reminder(address=address, command=_own_command()))
            return
        if somebody_keeps_stock() and not options["beside_others"]:
            self.stdout.write(NOT_HERE)
            return
        self._started = time.monotonic()
        opened = open_demo_shop(weeks=weeks, now=timezone.now(), progress=self._progress)
        self.stdout.write(
            welcome(
                address=address,
                command=_own_command(),
                token=opened.token,
                variation_id=opened.example_variation_id,
                outlet_id=opened.example_outlet_id,
            )
        )

    def _progress(self, what: str, done: int, whole: int) -> None:
        """A bar that fills for people who watch; one line for each part in a log."""
        # Beside the answer, so that a program can read the one without the other.
        terminal = self.stderr.isatty()
        finished = done == whole
        if terminal:
            filled = "#" * (_BAR * done // whole)
            self.stderr.write(f"\r  {what:<16} [{filled:<{_BAR}}]", self._plain, ending="\n" if finished else "")
            self.stderr.flush()
        elif finished:
            self.stderr.write(f"{what}: {time.monotonic() - self._started:.1f} s", self._plain)

    @staticmethod
    def _plain(text: str) -> str:
        """Progress is no error, though it goes the same way."""
        return text


def _own_command() -> str:
    """How ``lotkeeper`` is called from here: by its name where the shell knows it, else by its path."""
    installed = Path(sys.executable).with_name("lotkeeper")
    if shutil.which("lotkeeper") == str(installed):
        return "lotkeeper"
    return str(installed.relative_to(Path.cwd()) if installed.is_relative_to(Path.cwd()) else installed)
