"""The demonstration shop, made once: its people's addresses are free only once in a database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import timezone
from tests.demo.printed import WEEKS, Printed, run_demo

from lotkeeper.core.tenancy import tenant_scope
from lotkeeper.demo.operations import open_demo_shop
from lotkeeper.demo.queries import demo_tenant_id


class PowerCut(Exception):
    """Somebody pulled the plug."""


@pytest.fixture(scope="session")
def broken_off(django_db_setup: None) -> str | None:
    """A run that ended in its second week; what could be found of a demonstration shop afterwards."""

    def cut(what: str, done: int, whole: int) -> None:
        if done == 2:
            raise PowerCut

    with pytest.raises(PowerCut):
        open_demo_shop(weeks=WEEKS, now=timezone.now(), progress=cut)
    return None if demo_tenant_id() is None else "a shop that can be entered"


@pytest.fixture(scope="session")
def demo(broken_off: str | None) -> Printed:
    text = run_demo(weeks=WEEKS, address="http://127.0.0.1:8765", beside_others=True)
    tenant_id = demo_tenant_id()
    assert tenant_id is not None
    return Printed(tenant_id, text)


@pytest.fixture
def in_demo(demo: Printed) -> Iterator[Printed]:
    with tenant_scope(demo.tenant_id):
        yield demo
