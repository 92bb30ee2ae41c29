"""What an import would do, worked out before anything is written: shown first, and done when asked."""

from lotkeeper.imports.plans.common import Options, Plan, Result
from lotkeeper.imports.plans.online_retail import OnlineRetailPlan
from lotkeeper.imports.plans.opening import OpeningPlan
from lotkeeper.imports.plans.products import ProductsPlan
from lotkeeper.imports.plans.sales import SalesPlan

__all__ = ["OnlineRetailPlan", "OpeningPlan", "Options", "Plan", "ProductsPlan", "Result", "SalesPlan"]
