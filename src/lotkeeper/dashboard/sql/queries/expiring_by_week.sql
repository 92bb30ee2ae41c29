-- The value of what expires in each of the coming weeks, counted from today.
SELECT (b.expiry_date - %(today)s::date) / 7 AS week, coalesce(sum(b.quantity * b.unit_cost), 0), count(*)
FROM stock_batch b
WHERE b.tenant_id = %(tenant)s AND b.in_stock AND b.outlet_id = ANY (%(outlets)s::bigint[])
  AND b.expiry_date >= %(today)s::date AND b.expiry_date < %(today)s::date + 7 * %(weeks)s
GROUP BY 1
ORDER BY 1
