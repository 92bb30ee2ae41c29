"""Files to import, and a shop to import them into."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from tests.stock.conftest import Shop, make_outlet, shop  # noqa: F401  # fixtures


@dataclass(frozen=True)
class Importer:
    """Runs ``lotkeeper import`` for one shop and gives what it said."""

    shop: Shop
    folder: Path

    def __call__(self, what: str, content: str | Path, *, apply: bool = True, **options: object) -> str:
        if isinstance(content, Path):
            file = content
        else:
            file = self.folder / "file.csv"
            file.write_text(content, encoding="utf-8")
        out = io.StringIO()
        tenant = str(self.shop.actor.tenant_id)
        call_command("import", what, str(file), tenant=tenant, apply=apply, stdout=out, **options)
        return out.getvalue()

    def refused(self, what: str, content: str | Path, **options: object) -> str:
        """The sentence with which the command refused."""
        with pytest.raises(CommandError) as refusal:
            self(what, content, **options)
        return str(refusal.value)


@pytest.fixture
def importer(shop: Shop, tmp_path: Path) -> Importer:  # noqa: F811  # the fixture imported above
    return Importer(shop, tmp_path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write_file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write_file
