"""The pages of stock. They translate, and make one call each; what may be done is for the operations to say."""

from lotkeeper.stock.pages._outlets import Place, number_in, place_to_look, place_to_work
from lotkeeper.stock.pages._work import Work
from lotkeeper.stock.pages.sell import GoingPage

__all__ = ["GoingPage", "Place", "Work", "number_in", "place_to_look", "place_to_work"]
