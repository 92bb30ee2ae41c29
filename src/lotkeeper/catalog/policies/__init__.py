"""The rules of the catalogue as pure functions: codes on boxes, dates on boxes, packs. No Django, no database."""

from lotkeeper.catalog.policies.codes import (
    MAX_SCAN_LENGTH,
    Scan,
    ScanKind,
    code_to_keep,
    lookup_code,
    parse_scan,
    written_forms,
)
from lotkeeper.catalog.policies.expiry import ExpiryWarning, expiry_warnings, month_or_date
from lotkeeper.catalog.policies.packs import convert_to_base_units
from lotkeeper.catalog.policies.tree import MAX_CATEGORY_DEPTH, depth_of, height_of, is_within

__all__ = [
    "MAX_CATEGORY_DEPTH",
    "MAX_SCAN_LENGTH",
    "ExpiryWarning",
    "Scan",
    "ScanKind",
    "code_to_keep",
    "convert_to_base_units",
    "depth_of",
    "expiry_warnings",
    "height_of",
    "is_within",
    "lookup_code",
    "month_or_date",
    "parse_scan",
    "written_forms",
]
