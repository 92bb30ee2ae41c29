-- What is on hand now of each variation at each outlet. A page of stock items is chosen by key; the batches of each are
-- found through the index that selling uses.
SELECT i.outlet_id, o.name, i.variation_id, v.sku, p.name, v.name, v.unit, s.on_hand, s.sellable, s.expired,
    s.on_hand - s.sellable - s.expired AS held, r.reserved, greatest(s.sellable - r.reserved, 0) AS available
FROM stock_item i
JOIN outlets_outlet o ON o.tenant_id = %(tenant)s AND o.id = i.outlet_id
JOIN catalog_itemvariation v ON v.tenant_id = %(tenant)s AND v.id = i.variation_id
JOIN catalog_product p ON p.tenant_id = %(tenant)s AND p.id = v.product_id
CROSS JOIN LATERAL (SELECT (lk.clock() AT TIME ZONE o.timezone)::date AS today) d
CROSS JOIN LATERAL (
  SELECT coalesce(sum(b.quantity), 0) AS on_hand,
      coalesce(sum(b.quantity) FILTER (
        WHERE lk.is_sellable(b.status, b.expiry_date, p.sell_by_margin_days, d.today)), 0) AS sellable,
      coalesce(sum(b.quantity) FILTER (
        WHERE NOT lk.is_sellable('available', b.expiry_date, p.sell_by_margin_days, d.today)), 0) AS expired
  FROM stock_batch b
  WHERE b.tenant_id = %(tenant)s AND b.outlet_id = i.outlet_id AND b.variation_id = i.variation_id AND b.in_stock
) s
CROSS JOIN LATERAL (
  -- The item's own figure may still hold what has lapsed; nothing promised needs no look.
  SELECT CASE WHEN i.reserved > 0 THEN lk.live_reserved(%(tenant)s, i.outlet_id, i.variation_id) ELSE 0 END AS reserved
) r
WHERE i.tenant_id = %(tenant)s AND i.outlet_id = ANY (%(outlets)s::bigint[])
  AND (%(variation)s::bigint IS NULL OR i.variation_id = %(variation)s)
  AND (%(in_stock)s::boolean IS NULL OR (s.on_hand > 0) = %(in_stock)s)
  AND (%(after_outlet)s::bigint IS NULL
    OR (i.outlet_id, i.variation_id) {beyond} (%(after_outlet)s, %(after_variation)s))
ORDER BY i.outlet_id {order}, i.variation_id {order}
LIMIT %(limit)s
