"""What is sold: categories, products, their variations, packs and barcodes. No quantities live here."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import LPad

from lotkeeper.accounts.models import IssuePolicy
from lotkeeper.core.models import TenantForeignKey, TenantModel

SUPPLIER_NAME_LIMIT = 200


class Unit(models.TextChoices):
    """The base unit a variation is counted in."""

    PIECE = "piece", "piece"
    KILOGRAM = "kg", "kilogram"
    GRAM = "g", "gram"
    LITRE = "l", "litre"
    MILLILITRE = "ml", "millilitre"
    METRE = "m", "metre"


class Category(TenantModel):
    """A shelf in the mind: a tree of what belongs together."""

    in_journal: ClassVar[bool] = True

    name = models.CharField(max_length=120)
    parent = TenantForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")

    class Meta(TenantModel.Meta):
        verbose_name_plural = "categories"
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "parent", "name"], nulls_distinct=False, name="category_name_in_parent"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Supplier(TenantModel):
    """Whom the shop buys from."""

    in_journal: ClassVar[bool] = True

    name = models.CharField(max_length=SUPPLIER_NAME_LIMIT)

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="supplier_name"),
        )

    def __str__(self) -> str:
        return self.name


class Product(TenantModel):
    """Something the shop sells, whatever its size or pack: without a quantity of its own."""

    in_journal: ClassVar[bool] = True

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    category = TenantForeignKey(Category, on_delete=models.PROTECT, null=True, blank=True, related_name="products")
    # Who usually delivers it.
    supplier = TenantForeignKey(Supplier, on_delete=models.PROTECT, null=True, blank=True, related_name="products")
    image = models.ImageField(upload_to="products/", null=True, blank=True)
    retail_price = models.DecimalField(max_digits=14, decimal_places=4, default=0, validators=[MinValueValidator(0)])
    wholesale_price = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    # Stock stops being sold this many days before the printed date; 0 sells through the printed day.
    sell_by_margin_days = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(3650)])
    usual_shelf_life_days = models.PositiveSmallIntegerField(null=True, blank=True)
    # Empty: the tenant's own policy.
    issue_policy = models.CharField(max_length=4, choices=IssuePolicy.choices, null=True, blank=True)  # noqa: DJ001  # "" is no policy
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(TenantModel.Meta):
        indexes = (
            models.Index(fields=["tenant", "category"], name="product_category"),
            models.Index(fields=["tenant", "name"], name="product_name"),
        )

    def __str__(self) -> str:
        return self.name


class ItemVariation(TenantModel):
    """One size, colour or strength of a product: the thing that is received, counted and sold."""

    in_journal: ClassVar[bool] = True

    product = TenantForeignKey(Product, on_delete=models.PROTECT, related_name="variations")
    sku = models.CharField(max_length=64)
    name = models.CharField(max_length=200, blank=True, help_text="What sets it apart, such as '500 mg, 20 tablets'")
    size = models.CharField(max_length=60, blank=True)
    colour = models.CharField(max_length=60, blank=True)
    unit = models.CharField(max_length=5, choices=Unit.choices, default=Unit.PIECE)
    quantity_decimals = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(3)])
    # Empty: the product's price.
    retail_price = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    wholesale_price = models.DecimalField(
        max_digits=14, decimal_places=4, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    reorder_point = models.DecimalField(
        max_digits=14, decimal_places=3, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    is_active = models.BooleanField(default=True)
    # A till that keeps a copy asks for what changed since; a new barcode or pack counts as a change.
    updated_at = models.DateTimeField(auto_now=True)

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "sku"], name="variation_sku"),
            models.CheckConstraint(condition=models.Q(quantity_decimals__lte=3), name="variation_decimals"),
        )
        indexes = (models.Index(fields=["tenant", "product"], name="variation_product"),)

    def __str__(self) -> str:
        return f"{self.sku} {self.name}".strip()


class Pack(TenantModel):
    """A way the variation is boxed: a box of 9 is exactly 9 of the base unit, never 0.111 of something."""

    in_journal: ClassVar[bool] = True

    variation = TenantForeignKey(ItemVariation, on_delete=models.PROTECT, related_name="packs")
    name = models.CharField(max_length=60)
    factor = models.PositiveIntegerField(validators=[MinValueValidator(2)])

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "variation", "name"], name="pack_name"),
            models.CheckConstraint(condition=models.Q(factor__gte=2), name="pack_factor"),
        )

    def __str__(self) -> str:
        return f"{self.name} of {self.factor}"


class Barcode(TenantModel):
    """A code on the box. A variation has many; one on a pack means the whole pack."""

    in_journal: ClassVar[bool] = True

    variation = TenantForeignKey(ItemVariation, on_delete=models.PROTECT, related_name="barcodes")
    pack = TenantForeignKey(Pack, on_delete=models.PROTECT, null=True, blank=True, related_name="barcodes")
    code = models.CharField(max_length=64)
    # One article's product number has forms of 12, 13 and 14 digits: padded to 14 they are one code, and one holder.
    lookup_code = models.GeneratedField(
        expression=models.Case(
            models.When(code__regex=r"^([0-9]{8}|[0-9]{12,14})$", then=LPad("code", 14, models.Value("0"))),
            default="code",
        ),
        output_field=models.CharField(max_length=64),
        db_persist=True,
    )

    class Meta(TenantModel.Meta):
        constraints = (
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "lookup_code"], name="barcode_lookup_code"),
        )
        indexes = (models.Index(fields=["tenant", "variation"], name="barcode_variation"),)

    def __str__(self) -> str:
        return self.code
