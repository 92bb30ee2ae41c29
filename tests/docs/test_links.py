"""Links lead somewhere, and files that are named are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.conftest import ROOT, Page

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FILE = re.compile(r"[\w.*/-]+/[\w.*-]+\.(?:py|sql|md|toml|txt|in|css|html)|[\w-]+\.(?:py|sql|toml|md)")
#: Where the text may stand when it names a file by the end of its path.
_STANDPOINTS = (ROOT, ROOT / "src" / "lotkeeper", ROOT / "src" / "lotkeeper" / "stock", ROOT / "tests")
#: What the guide to adding an operation makes.
_EXAMPLE = "donation"
#: Rooms that every slice has, named without a slice.
_ROOMS = {"urls.py", "api.py", "pages.py", "admin.py", "middleware.py", "queries.py", "models.py", "policies.py",
          "errors.py", "_ledger.py", "apps.py"}  # fmt: skip


def anchors(page: Path) -> set[str]:
    """The anchors that Markdown makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Page) -> Iterator[str]:
    for target in _LINK.findall(page.prose):
        if re.match(r"(https?|mailto):", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.path.parent / path).resolve() if path else page.path
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            yield target


def test_relative_links_lead_somewhere(each_page: Page) -> None:
    assert list(broken_links(each_page)) == []


def test_files_named_in_the_text_are_there(each_page: Page) -> None:
    missing = []
    for code in each_page.code():
        for name in _FILE.findall(code) if " " not in code else []:
            standpoints = (*_STANDPOINTS, each_page.path.parent)
            if name in _ROOMS or _EXAMPLE in name:
                continue
            if not any(True for base in standpoints for _ in base.glob(name.lstrip("/"))):
                missing.append(name)
    assert missing == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    there = tmp_path / "there.md"
    there.write_text("# One heading\n")
    text = "[a](there.md#one-heading) [b](there.md#another) [c](gone.md)"
    assert list(broken_links(Page(tmp_path / "page.md", text))) == ["there.md#another", "gone.md"]
