"""What can be done with the catalogue. Each is one transaction, asks for one permission, and refuses by raising."""

from lotkeeper.catalog.operations.barcodes import add_barcode, remove_barcode
from lotkeeper.catalog.operations.categories import create_category, delete_category, update_category
from lotkeeper.catalog.operations.fields import NewVariation, ProductFields, VariationFields
from lotkeeper.catalog.operations.images import remove_product_image, set_product_image
from lotkeeper.catalog.operations.many import NewProduct, create_products
from lotkeeper.catalog.operations.packs import create_pack, delete_pack
from lotkeeper.catalog.operations.products import create_product, delete_product, update_product
from lotkeeper.catalog.operations.suppliers import create_supplier, delete_supplier, rename_supplier
from lotkeeper.catalog.operations.variations import create_variation, delete_variation, update_variation

__all__ = [
    "NewProduct",
    "NewVariation",
    "ProductFields",
    "VariationFields",
    "add_barcode",
    "create_category",
    "create_pack",
    "create_product",
    "create_products",
    "create_supplier",
    "create_variation",
    "delete_category",
    "delete_pack",
    "delete_product",
    "delete_supplier",
    "delete_variation",
    "remove_barcode",
    "remove_product_image",
    "rename_supplier",
    "set_product_image",
    "update_category",
    "update_product",
    "update_variation",
]
