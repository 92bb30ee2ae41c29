-- The lines of a stock take as whoever counts blind sees them: nothing here depends on what the book says.
SELECT i.id, i.batch_id, i.variation_id, v.sku, p.name, v.name, v.unit, v.quantity_decimals,
    coalesce(b.batch_number, i.found_number), coalesce(b.expiry_date, i.found_expiry_date), i.batch_id IS NULL,
    i.round, i.awaiting_recount, i.physical_count, i.counted_at, i.variance_reason
FROM stocktakes_stocktakeitem i
JOIN catalog_itemvariation v ON v.tenant_id = %(tenant)s AND v.id = i.variation_id
JOIN catalog_product p ON p.tenant_id = %(tenant)s AND p.id = v.product_id
LEFT JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.id = i.batch_id
WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s
  AND (%(after_id)s::bigint IS NULL OR i.id {beyond} %(after_id)s::bigint)
ORDER BY i.id {order}
LIMIT %(limit)s
