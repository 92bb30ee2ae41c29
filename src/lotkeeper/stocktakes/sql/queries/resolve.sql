-- What each observation is about: its batch, if the book knows it, its variation, and whether that is to be counted here.
-- Goods that are told by what is written on them are the batch of that number and expiry, if there is one.
-- OFFSET 0: looked up one by one, whatever the planner knows of the tables.
SELECT u.line, b.id, v.id, v.quantity_decimals,
    coalesce((%(category_ids)s::bigint[] IS NULL OR p.category_id = ANY (%(category_ids)s))
      AND (%(supplier_id)s::bigint IS NULL OR p.supplier_id = %(supplier_id)s)
      AND (%(listed_in)s::bigint IS NULL OR EXISTS (SELECT FROM stocktakes_stocktakelisting l
        WHERE l.tenant_id = %(tenant)s AND l.stock_take_id = %(listed_in)s AND l.variation_id = v.id)), false)
FROM unnest(%(batch_ids)s::bigint[], %(variation_ids)s::bigint[], %(numbers)s::text[], %(expiries)s::date[])
  WITH ORDINALITY AS u (batch_id, variation_id, number, expiry, line)
LEFT JOIN LATERAL (
  SELECT b.id, b.variation_id FROM stock_batch b
    WHERE b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s AND b.id = u.batch_id
  UNION ALL
  (SELECT b.id, b.variation_id FROM stock_batch b
    WHERE u.batch_id IS NULL AND b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s
      AND b.variation_id = u.variation_id AND b.batch_number = u.number AND b.expiry_date IS NOT DISTINCT FROM u.expiry
    ORDER BY b.in_stock DESC, b.id LIMIT 1)
  OFFSET 0
) b ON true
CROSS JOIN LATERAL (
  SELECT CASE WHEN u.batch_id IS NULL THEN u.variation_id ELSE b.variation_id END AS variation_id OFFSET 0
) w
LEFT JOIN LATERAL (
  SELECT v.id, v.product_id, v.quantity_decimals FROM catalog_itemvariation v
    WHERE v.tenant_id = %(tenant)s AND v.id = w.variation_id OFFSET 0
) v ON true
LEFT JOIN LATERAL (
  SELECT p.category_id, p.supplier_id FROM catalog_product p
    WHERE p.tenant_id = %(tenant)s AND p.id = v.product_id OFFSET 0
) p ON true
ORDER BY u.line
