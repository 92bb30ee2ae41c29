"""What the documentation says, read once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.stock.conftest import make_outlet, shop  # noqa: F401  # fixtures: a shop for the examples

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def prose(self) -> str:
        """The text without its code blocks."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> Sequence[str]:
        """The code blocks in one language, in order."""
        return [found[2] for found in _FENCE.finditer(self.text) if found[1] == language]

    def code(self) -> Iterator[str]:
        """Every line of the code blocks and every piece of code in the text."""
        for found in _FENCE.finditer(self.text):
            yield from found[2].splitlines()
        for found in _SPAN.finditer(self.prose):
            yield " ".join(found[1].split())

    def rows(self, *headings: str) -> list[list[str]]:
        """The rows of every table whose columns have these headings, without the marks of code."""
        rows: list[list[str]] = []
        inside = False
        for line in self.text.splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
            if tuple(cells) == headings:
                inside = True
            elif not cells:
                inside = False
            elif inside and set("".join(cells)) - {"-", ":"}:
                rows.append([cell.replace("`", "") for cell in cells])
        return rows


def page(name: str) -> Page:
    path = ROOT / name
    return Page(path, path.read_text())


def all_pages() -> list[Page]:
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")]
    return [Page(path, path.read_text()) for path in sorted(files)]


@pytest.fixture(params=all_pages(), ids=str)
def each_page(request: pytest.FixtureRequest) -> Page:
    return request.param
