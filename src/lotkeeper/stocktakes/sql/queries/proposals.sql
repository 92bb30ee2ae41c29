-- What stands at an outlet and what its counts found, a row for each variation that is in stock or was counted. How
-- many lines were written since the last count is told by the batch's version beside the one it had when it was counted,
-- the count's own line left out: no movement is read.
WITH counts AS (
  SELECT c.batch_id, b.variation_id, sum(abs(c.counted - c.book)) AS differing,
      max(c.version + (c.counted <> c.book)::integer) AS version, max(c.counted_at) AS counted_at
    FROM stock_count c
      JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.id = c.batch_id
    WHERE c.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s
      -- What was undone was no count.
      AND NOT EXISTS (SELECT FROM stock_operation r WHERE r.tenant_id = %(tenant)s AND r.refers_to_id = c.operation_id
        AND r.kind = 'reversal')
    GROUP BY c.batch_id, b.variation_id
), past AS (
  SELECT n.variation_id, sum(n.differing) AS differing, sum(n.version) AS lines, max(n.counted_at) AS counted_at
    FROM counts n GROUP BY n.variation_id
), standing AS (
  SELECT b.variation_id, sum(b.quantity) AS on_hand, sum(b.version - coalesce(n.version, 0)) AS lines,
      sum(b.quantity * greatest(
        %(today)s - (coalesce(n.counted_at, b.received_at) AT TIME ZONE o.timezone)::date, 0)) AS unit_days,
      sum(b.quantity * b.unit_cost) AS value, sum(b.quantity) FILTER (WHERE b.unit_cost IS NOT NULL) AS valued
    FROM stock_batch b
      JOIN outlets_outlet o ON o.tenant_id = %(tenant)s AND o.id = b.outlet_id
      LEFT JOIN counts n ON n.batch_id = b.id
    WHERE b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s AND b.in_stock
    GROUP BY b.variation_id
)
SELECT coalesce(s.variation_id, p.variation_id), s.on_hand, coalesce(s.lines, 0), coalesce(s.unit_days, 0), s.value,
    s.valued, coalesce(p.differing, 0), coalesce(p.lines, 0), p.counted_at
FROM standing s
FULL JOIN past p ON p.variation_id = s.variation_id
