-- The batches that a stock take is about and that nobody has counted yet: with stock at the moment, in the order in which
-- they stand on a shelf plan. Without what the book says of them.
SELECT b.id, b.variation_id, v.sku, p.name, v.name, v.unit, b.batch_number, b.expiry_date, i.id
FROM stock_batch b
JOIN catalog_itemvariation v ON v.tenant_id = %(tenant)s AND v.id = b.variation_id
JOIN catalog_product p ON p.tenant_id = %(tenant)s AND p.id = v.product_id
LEFT JOIN stocktakes_stocktakeitem i
  ON i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.batch_id = b.id
WHERE b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s AND (b.in_stock OR i.awaiting_recount)
  AND i.physical_count IS NULL
  AND (%(category_ids)s::bigint[] IS NULL OR p.category_id = ANY (%(category_ids)s))
  AND (%(supplier_id)s::bigint IS NULL OR p.supplier_id = %(supplier_id)s)
  AND (%(listed_in)s::bigint IS NULL OR EXISTS (SELECT FROM stocktakes_stocktakelisting l
    WHERE l.tenant_id = %(tenant)s AND l.stock_take_id = %(listed_in)s AND l.variation_id = b.variation_id))
  AND (%(after_name)s::text IS NULL
    OR (p.name, b.variation_id, b.id) {beyond} (%(after_name)s, %(after_variation)s, %(after_batch)s))
ORDER BY p.name {order}, b.variation_id {order}, b.id {order}
LIMIT %(limit)s
