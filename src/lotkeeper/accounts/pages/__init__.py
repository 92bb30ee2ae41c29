"""What the pages of every slice begin with, and the pages of API tokens."""

from lotkeeper.accounts.pages._people_only import for_people

__all__ = ["for_people"]
