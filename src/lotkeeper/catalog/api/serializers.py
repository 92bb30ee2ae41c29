"""How the catalogue looks in requests and answers."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from lotkeeper.accounts.models import IssuePolicy
from lotkeeper.catalog.models import (
    SUPPLIER_NAME_LIMIT,
    Barcode,
    Category,
    ItemVariation,
    Pack,
    Product,
    Supplier,
    Unit,
)
from lotkeeper.catalog.operations import NewVariation, VariationFields
from lotkeeper.catalog.policies import MAX_SCAN_LENGTH, ScanKind
from lotkeeper.catalog.queries import image_address
from lotkeeper.core.quantity import QUANTITY_DECIMALS, Sign
from lotkeeper.web.api import IdField, MoneyField, QuantityField, SwitchField, TextField, WholeNumberField

_MAX_SMALL_INTEGER = 32767
_MAX_INTEGER = 2**31 - 1
SCAN_KINDS = [kind.value for kind in ScanKind]
MAX_VARIATIONS_AT_ONCE = 50
MAX_BARCODES_AT_ONCE = 20


class CategorySerializer(serializers.ModelSerializer[Category]):
    """A category."""

    parent_id = serializers.IntegerField(allow_null=True, help_text="Null at the top of the tree.")

    class Meta:
        model = Category
        fields = ("id", "name", "parent_id")
        read_only_fields = fields


class CategoryDetailsSerializer(serializers.Serializer[Any]):
    """A category to be made or changed."""

    name = TextField(max_length=120)
    parent_id = IdField(required=False, allow_null=True)


class SupplierSerializer(serializers.ModelSerializer[Supplier]):
    """A supplier."""

    class Meta:
        model = Supplier
        fields = ("id", "name")
        read_only_fields = fields


class SupplierDetailsSerializer(serializers.Serializer[Any]):
    """A supplier to be made or renamed."""

    name = TextField(max_length=SUPPLIER_NAME_LIMIT)


class VariationBriefSerializer(serializers.ModelSerializer[ItemVariation]):
    """A variation, shortly."""

    class Meta:
        model = ItemVariation
        fields = ("id", "sku", "name", "is_active")
        read_only_fields = fields


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product. It has no quantity: stock is kept by batch."""

    category_id = serializers.IntegerField(allow_null=True)
    supplier_id = serializers.IntegerField(allow_null=True, help_text="Who usually delivers it.")
    image = serializers.SerializerMethodField(help_text="Address of the picture on this server, or null.")
    retail_price = MoneyField()
    wholesale_price = MoneyField(allow_null=True)
    issue_policy = serializers.ChoiceField(
        choices=IssuePolicy.choices, allow_null=True, help_text="Null: the business's own policy."
    )
    variations = VariationBriefSerializer(many=True)

    class Meta:
        model = Product
        fields = (
            "id",
            "name",
            "description",
            "category_id",
            "supplier_id",
            "image",
            "retail_price",
            "wholesale_price",
            "sell_by_margin_days",
            "usual_shelf_life_days",
            "issue_policy",
            "is_active",
            "created_at",
            "updated_at",
            "variations",
        )
        read_only_fields = fields

    def get_image(self, product: Product) -> str | None:
        """The picture's address, or None when there is no picture."""
        return image_address(product)


class VariationChangesSerializer(serializers.Serializer[Any]):
    """A variation to be made or changed."""

    sku = TextField(max_length=64)
    name = TextField(max_length=200, required=False, allow_blank=True)
    size = TextField(max_length=60, required=False, allow_blank=True)
    colour = TextField(max_length=60, required=False, allow_blank=True)
    unit = serializers.ChoiceField(choices=Unit.choices, required=False)
    quantity_decimals = WholeNumberField(
        min_value=0,
        max_value=QUANTITY_DECIMALS,
        required=False,
        help_text="0 for pieces. Left out: as usual for the unit.",
    )
    retail_price = MoneyField(required=False, allow_null=True)
    wholesale_price = MoneyField(required=False, allow_null=True)
    reorder_point = QuantityField(required=False, allow_null=True, sign=Sign.NOT_NEGATIVE)
    is_active = SwitchField(required=False)


class NewVariationSerializer(VariationChangesSerializer):
    """A variation to be made, with the barcodes of a single unit."""

    barcodes = serializers.ListField(
        child=TextField(max_length=MAX_SCAN_LENGTH), required=False, max_length=MAX_BARCODES_AT_ONCE
    )


class NewVariationOfProductSerializer(NewVariationSerializer):
    """A variation to be added to a product."""

    product_id = IdField()


class ProductChangesSerializer(serializers.Serializer[Any]):
    """A product to be changed."""

    name = TextField(max_length=200)
    description = TextField(max_length=10_000, required=False, allow_blank=True)
    category_id = IdField(required=False, allow_null=True)
    supplier_id = IdField(required=False, allow_null=True, help_text="Who usually delivers it.")
    retail_price = MoneyField(required=False)
    wholesale_price = MoneyField(required=False, allow_null=True)
    sell_by_margin_days = WholeNumberField(min_value=0, max_value=3650, required=False)
    usual_shelf_life_days = WholeNumberField(min_value=0, max_value=_MAX_SMALL_INTEGER, required=False, allow_null=True)
    issue_policy = serializers.ChoiceField(choices=IssuePolicy.choices, required=False, allow_null=True)
    is_active = SwitchField(required=False, help_text="False archives the product.")


class NewProductSerializer(ProductChangesSerializer):
    """A product to be made, with its first variations."""

    variations = serializers.ListField(
        child=NewVariationSerializer(), required=False, max_length=MAX_VARIATIONS_AT_ONCE
    )


class PackSerializer(serializers.ModelSerializer[Pack]):
    """A pack of a variation."""

    class Meta:
        model = Pack
        fields = ("id", "name", "factor")
        read_only_fields = fields


class NewPackSerializer(serializers.Serializer[Any]):
    """A pack to be made."""

    name = TextField(max_length=60)
    factor = WholeNumberField(min_value=2, max_value=_MAX_INTEGER, help_text="Base units in one pack.")


class BarcodeSerializer(serializers.ModelSerializer[Barcode]):
    """A barcode of a variation."""

    variation_id = serializers.IntegerField()
    pack_id = serializers.IntegerField(
        allow_null=True, help_text="The pack that the code stands for; null for a single unit."
    )

    class Meta:
        model = Barcode
        fields = ("id", "code", "variation_id", "pack_id")
        read_only_fields = fields


class NewBarcodeSerializer(serializers.Serializer[Any]):
    """A barcode to be put on a variation."""

    code = TextField(max_length=MAX_SCAN_LENGTH, help_text="As scanned: of a GS1 message the product number is kept.")
    pack_id = IdField(required=False, allow_null=True)


class VariationSerializer(serializers.ModelSerializer[ItemVariation]):
    """A variation with its packs and barcodes."""

    product_id = serializers.IntegerField()
    product_name = serializers.CharField(source="product.name")
    retail_price = MoneyField(allow_null=True, help_text="Null: the product's price.")
    wholesale_price = MoneyField(allow_null=True, help_text="Null: the product's price.")
    reorder_point = QuantityField(allow_null=True)
    packs = PackSerializer(many=True)
    barcodes = BarcodeSerializer(many=True)

    class Meta:
        model = ItemVariation
        fields = (
            "id",
            "product_id",
            "product_name",
            "sku",
            "name",
            "size",
            "colour",
            "unit",
            "quantity_decimals",
            "retail_price",
            "wholesale_price",
            "reorder_point",
            "is_active",
            "updated_at",
            "packs",
            "barcodes",
        )
        read_only_fields = fields


class ScannedVariationSerializer(serializers.ModelSerializer[ItemVariation]):
    """A variation as a till needs it."""

    product_id = serializers.IntegerField()
    product_name = serializers.CharField(source="product.name")

    class Meta:
        model = ItemVariation
        fields = ("id", "product_id", "product_name", "sku", "name", "unit", "quantity_decimals")
        read_only_fields = fields


class ScanSerializer(serializers.Serializer[Any]):
    """What a code says, and what it stands for."""

    kind = serializers.ChoiceField(choices=SCAN_KINDS, source="scan.kind")
    text = serializers.CharField(source="scan.text", help_text="The code without the scanner's own marks.")
    gtin = serializers.CharField(source="scan.gtin", allow_null=True, help_text="14 digits.")
    batch_number = serializers.CharField(source="scan.batch_number", allow_null=True)
    expiry_date = serializers.DateField(
        source="scan.expiry_date", allow_null=True, help_text="A month without a day means its last day."
    )
    serial = serializers.CharField(source="scan.serial", allow_null=True)
    count = serializers.IntegerField(source="scan.count", allow_null=True)
    net_weight_kg = QuantityField(source="scan.net_weight_kg", allow_null=True)
    doubts = serializers.ListField(
        child=serializers.CharField(),
        source="scan.doubts",
        help_text="Not certain: gtin_check_digit, expiry_unreadable, batch_may_hold_expiry, incomplete.",
    )
    variation = ScannedVariationSerializer()
    pack = PackSerializer(allow_null=True)
    factor = serializers.IntegerField(help_text="Base units in one of what was scanned.")
    is_active = serializers.BooleanField(help_text="False: archived.")


def new_variation(values: dict[str, Any]) -> NewVariation:
    """The operation's words for a variation in a request."""
    barcodes = tuple(values.pop("barcodes", ()))
    return NewVariation(details=VariationFields(**values), barcodes=barcodes)
