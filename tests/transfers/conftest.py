"""The shop of the tests of stock, for goods that move between its outlets."""

from tests.stock.conftest import make_outlet, shop

__all__ = ["make_outlet", "shop"]
