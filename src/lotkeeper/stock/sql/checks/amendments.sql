-- Amendments follow from each other: each starts from what the one before left, and the batch shows the last.
-- examines: stock_batch
WITH amended AS MATERIALIZED (
  SELECT m.batch_id, m.version, nullif(m.amendment, '')::jsonb AS amended
    FROM stock_movement m WHERE m.tenant_id = %(tenant)s AND m.movement_type = 'amend'
), shown AS (
  SELECT b.id AS batch_id, s.key, s.value
    FROM stock_batch b
      CROSS JOIN LATERAL (VALUES ('batch_number', b.batch_number), ('expiry_date', b.expiry_date::text),
        ('unit_cost', trim_scale(b.unit_cost)::text), ('status', b.status)) AS s (key, value)
    WHERE b.tenant_id = %(tenant)s
), changes AS (
  SELECT a.batch_id, a.version, e.key,
      -- 2.50 and 2.5 are the same cost.
      CASE e.key WHEN 'unit_cost' THEN trim_scale((e.value ->> 0)::numeric)::text ELSE e.value ->> 0 END AS old,
      CASE e.key WHEN 'unit_cost' THEN trim_scale((e.value ->> 1)::numeric)::text ELSE e.value ->> 1 END AS new
    FROM amended a CROSS JOIN LATERAL jsonb_each(a.amended) e
), following AS (
  SELECT c.*, lag(c.new) OVER w AS before, lag(c.version) OVER w IS NULL AS first, lead(c.version) OVER w IS NULL AS last
    FROM changes c WINDOW w AS (PARTITION BY c.batch_id, c.key ORDER BY c.version)
)
SELECT f.batch_id, f.version, f.key, f.old, f.new, f.before, s.value AS shown
  FROM following f LEFT JOIN shown s ON s.batch_id = f.batch_id AND s.key = f.key
  WHERE f.key NOT IN ('batch_number', 'expiry_date', 'unit_cost', 'status')
    OR (f.key = 'status' AND coalesce(f.new, '') NOT IN ('available', 'held', 'recalled', 'archived'))
    OR CASE WHEN f.first THEN f.key = 'status' AND f.old IS DISTINCT FROM 'available'
      ELSE f.old IS DISTINCT FROM f.before END
    OR (f.last AND f.new IS DISTINCT FROM s.value)
UNION ALL
-- A status that no amendment gave.
SELECT b.id, NULL, 'status', NULL, NULL, 'available', b.status
  FROM stock_batch b
  WHERE b.tenant_id = %(tenant)s AND b.status <> 'available'
    AND NOT EXISTS (SELECT FROM amended a WHERE a.batch_id = b.id AND jsonb_exists(a.amended, 'status'))
