"""Businesses with one of everything."""

from __future__ import annotations

import pytest
from tests.contract.world import World, new_world


@pytest.fixture(scope="session")
def world() -> World:
    """A business for the tests after which nothing has changed."""
    return new_world()


@pytest.fixture(scope="session")
def elsewhere() -> World:
    """Another one."""
    return new_world()


@pytest.fixture
def own_world() -> World:
    """A business of the test's own."""
    return new_world()
