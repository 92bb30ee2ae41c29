-- What was on hand of each variation at each outlet, as known at a moment: the balance after the last line that each batch
-- had by then. The index movement_as_of finds that line at once, however long the history.
SELECT i.outlet_id, o.name, i.variation_id, v.sku, p.name, v.name, v.unit, s.on_hand
FROM stock_item i
JOIN outlets_outlet o ON o.tenant_id = %(tenant)s AND o.id = i.outlet_id
JOIN catalog_itemvariation v ON v.tenant_id = %(tenant)s AND v.id = i.variation_id
JOIN catalog_product p ON p.tenant_id = %(tenant)s AND p.id = v.product_id
CROSS JOIN LATERAL (
  SELECT coalesce(sum(last.balance_after), 0) AS on_hand
  FROM stock_batch b
  CROSS JOIN LATERAL (
    SELECT m.balance_after FROM stock_movement m
    WHERE m.tenant_id = %(tenant)s AND m.batch_id = b.id AND m.recorded_at <= %(as_of)s
    -- Lines of one operation share their moment.
    ORDER BY m.recorded_at DESC, m.version DESC
    LIMIT 1
  ) last
  WHERE b.tenant_id = %(tenant)s AND b.outlet_id = i.outlet_id AND b.variation_id = i.variation_id
) s
WHERE i.tenant_id = %(tenant)s AND i.outlet_id = ANY (%(outlets)s::bigint[])
  AND (%(variation)s::bigint IS NULL OR i.variation_id = %(variation)s)
  AND (%(in_stock)s::boolean IS NULL OR (s.on_hand > 0) = %(in_stock)s)
  AND (%(after_outlet)s::bigint IS NULL
    OR (i.outlet_id, i.variation_id) {beyond} (%(after_outlet)s, %(after_variation)s))
ORDER BY i.outlet_id {order}, i.variation_id {order}
LIMIT %(limit)s
