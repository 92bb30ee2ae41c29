"""What an import writes. Each call is one transaction, and the same call again changes nothing."""

from lotkeeper.imports.operations.opening import post_opening_stock
from lotkeeper.imports.operations.postings import RefusedDocument, Tally, post_chunk
from lotkeeper.imports.operations.products import ProductTally, import_products

__all__ = [
    "ProductTally",
    "RefusedDocument",
    "Tally",
    "import_products",
    "post_chunk",
    "post_opening_stock",
]
