"""What the pages of every slice begin with, and the pages of API tokens."""

from lotkeeper.accounts.pages._deeds import Deed
from lotkeeper.accounts.pages._people_only import for_people

__all__ = ["Deed", "for_people"]
