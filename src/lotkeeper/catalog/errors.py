"""What the catalogue refuses."""

from __future__ import annotations

from lotkeeper.core.errors import Conflict, NotFound, Refusal


class CategoryNameTaken(Conflict):
    """There already is a category of this name in the same place."""

    code = "category_name_taken"
    title = "The name is taken"
    sentence = "There already is a category {name} here."


class CategoryCycle(Conflict):
    """A category would lie inside itself."""

    code = "category_cycle"
    title = "A category cannot lie inside itself"
    sentence = "{name} cannot be moved into itself or into a category below it."


class CategoryTooDeep(Conflict):
    """The tree would become deeper than is of use."""

    code = "category_too_deep"
    title = "Too many levels"
    sentence = "Categories can be {limit} levels deep at most; this would be {depth}."


class SupplierNameTaken(Conflict):
    """There already is a supplier of this name."""

    code = "supplier_name_taken"
    title = "The name is taken"
    sentence = "There already is a supplier {name}."


class SkuTaken(Conflict):
    """Another variation has this SKU."""

    code = "sku_taken"
    title = "The SKU is taken"
    sentence = "The SKU {sku} belongs to {product_name} already."


class BarcodeTaken(Conflict):
    """The barcode is on something else already; a scan must mean one thing."""

    code = "barcode_taken"
    title = "The barcode is taken"
    sentence = "The barcode {code} belongs to {product_name} ({sku}) already."


class PackNameTaken(Conflict):
    """The variation has a pack of this name."""

    code = "pack_name_taken"
    title = "The name is taken"
    sentence = "This variation already has a pack called {name}."


class StillInUse(Conflict):
    """Something else refers to it, so it cannot be deleted."""

    code = "in_use"
    title = "Still in use"
    sentence = (
        "Something still belongs to this {what}, so it cannot be deleted; products and variations can be archived."
    )


class UnitInUse(Conflict):
    """Stock was booked in this unit, and the books would change their meaning."""

    code = "unit_in_use"
    title = "The unit is in use"
    sentence = "Stock of {sku} was booked in {unit} with {quantity_decimals} decimals; make a new variation instead."


class TooMany(Conflict):
    """A bound that keeps every list short enough to show."""

    code = "too_many"
    title = "Too many"
    sentence = "There can be {limit} {what} at most."


class ImageTooLarge(Refusal):
    """The file is larger than a photograph needs to be."""

    code = "image_too_large"
    status = 413
    title = "The image file is too large"
    sentence = "An image file can be {limit_megabytes} MB at most."


class ImageTooManyPixels(Refusal):
    """Unpacked, the picture would fill the memory."""

    code = "image_too_many_pixels"
    status = 422
    title = "The image has too many pixels"
    sentence = "An image can have {limit_megapixels} megapixels at most; this one has {width} by {height} pixels."


class ImageNotReadable(Refusal):
    """The file is no picture, is damaged, or is of a kind that is not taken."""

    code = "image_not_readable"
    status = 422
    title = "The image cannot be read"
    sentence = "This file is not a whole JPEG, PNG, WebP or GIF picture."


class UnknownCode(NotFound):
    """Nothing in the catalogue has this code; what could be read from it is in the fields."""

    code = "unknown_code"
    title = "Unknown code"
    sentence = "Nothing in the catalogue has the code {text}."

    def __init__(self, **fields: object) -> None:
        super().__init__("code", **fields)
