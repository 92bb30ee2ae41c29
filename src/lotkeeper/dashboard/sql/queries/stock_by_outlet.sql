-- What lies at each outlet today: lots and value, and the value of what expires soon and of what is too late to sell.
SELECT o.id, o.name, count(b.id), coalesce(sum(b.quantity * b.unit_cost), 0),
    coalesce(sum(b.quantity * b.unit_cost) FILTER (
      WHERE b.expiry_date >= d.today + p.sell_by_margin_days AND b.expiry_date <= d.today + %(soon_days)s), 0),
    count(b.id) FILTER (
      WHERE b.expiry_date >= d.today + p.sell_by_margin_days AND b.expiry_date <= d.today + %(soon_days)s),
    coalesce(sum(b.quantity * b.unit_cost) FILTER (WHERE b.expiry_date < d.today + p.sell_by_margin_days), 0),
    count(b.id) FILTER (WHERE b.expiry_date < d.today + p.sell_by_margin_days)
FROM outlets_outlet o
CROSS JOIN LATERAL (SELECT (lk.clock() AT TIME ZONE o.timezone)::date AS today) d
LEFT JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.outlet_id = o.id AND b.in_stock
LEFT JOIN catalog_itemvariation v ON v.tenant_id = %(tenant)s AND v.id = b.variation_id
LEFT JOIN catalog_product p ON p.tenant_id = %(tenant)s AND p.id = v.product_id
WHERE o.tenant_id = %(tenant)s AND o.id = ANY (%(outlets)s::bigint[])
GROUP BY o.id, o.name
ORDER BY o.name
