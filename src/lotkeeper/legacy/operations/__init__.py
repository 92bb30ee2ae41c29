"""What brings the old stock over. One transaction, and the same call again changes nothing."""

from lotkeeper.legacy.operations.opening import BroughtOver, bring_over_stock, open_with_old_stock

__all__ = ["BroughtOver", "bring_over_stock", "open_with_old_stock"]
