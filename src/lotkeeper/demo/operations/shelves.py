"""The catalogue: categories, suppliers, products with their variations, boxes and barcodes."""

from __future__ import annotations

from collections.abc import Mapping

from lotkeeper.accounts.policies import Actor
from lotkeeper.catalog.operations import (
    NewProduct,
    NewVariation,
    ProductFields,
    VariationFields,
    add_barcode,
    create_category,
    create_pack,
    create_products,
    create_supplier,
)
from lotkeeper.demo.policies.catalogue import Article, ShopProduct, articles, shop_products
from lotkeeper.demo.policies.rhythm import reorder_point, weekly_demand
from lotkeeper.demo.policies.story import HARBOUR_ROAD, SUPPLIERS, supplier_of
from lotkeeper.demo.queries import variation_ids


def fill_catalogue(*, actor: Actor) -> Mapping[int, int]:
    """Make everything the shop sells; the variations' ids by the articles' numbers."""
    demand = weekly_demand(HARBOUR_ROAD, articles())
    categories: dict[tuple[str, ...], int] = {}
    suppliers = {each: create_supplier(actor=actor, name=each.name).pk for each in SUPPLIERS}
    create_products(
        actor=actor,
        products=[
            NewProduct(
                details=_product_fields(
                    shop_product,
                    category_id=_category(actor, categories, shop_product.category),
                    supplier_id=suppliers[supplier_of(shop_product.category)],
                ),
                variations=tuple(
                    NewVariation(details=_variation_fields(article, shop_product, demand), barcodes=(article.gtin,))
                    for article in shop_product.articles
                ),
            )
            for shop_product in shop_products()
        ],
    )
    by_sku = variation_ids()
    for shop_product in shop_products():
        # The one that sells most comes in boxes.
        article = shop_product.articles[0]
        _box(actor, article, by_sku[article.sku])
    return {article.number: by_sku[article.sku] for article in articles()}


def _category(actor: Actor, known: dict[tuple[str, ...], int], path: tuple[str, ...]) -> int:
    if path not in known:
        parent_id = _category(actor, known, path[:-1]) if path[1:] else None
        known[path] = create_category(actor=actor, name=path[-1], parent_id=parent_id).pk
    return known[path]


def _product_fields(shop_product: ShopProduct, *, category_id: int, supplier_id: int) -> ProductFields:
    first = shop_product.articles[0]
    return ProductFields(
        name=shop_product.name,
        category_id=category_id,
        supplier_id=supplier_id,
        retail_price=first.retail_price,
        wholesale_price=first.wholesale_price,
        sell_by_margin_days=shop_product.margin_days,
        usual_shelf_life_days=shop_product.shelf_days,
    )


def _variation_fields(article: Article, shop_product: ShopProduct, demand: Mapping[int, float]) -> VariationFields:
    return VariationFields(
        sku=article.sku,
        name=article.name,
        unit=shop_product.unit,
        retail_price=article.retail_price,
        wholesale_price=article.wholesale_price,
        reorder_point=reorder_point(article, demand[article.number]),
    )


def _box(actor: Actor, article: Article, variation_id: int) -> None:
    if article.pack is None:
        return
    name, factor = article.pack
    pack = create_pack(actor=actor, variation_id=variation_id, name=name, factor=factor)
    add_barcode(actor=actor, variation_id=variation_id, code=article.pack_gtin, pack_id=pack.pk)
