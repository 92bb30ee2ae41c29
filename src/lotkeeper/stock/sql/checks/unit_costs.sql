-- A line carries what a unit of its batch cost at the time.
-- examines: stock_movement
WITH amended AS MATERIALIZED (
  SELECT m.batch_id, m.version, nullif(m.amendment, '')::jsonb AS amended
    FROM stock_movement m WHERE m.tenant_id = %(tenant)s AND m.movement_type = 'amend'
), changes AS MATERIALIZED (
  SELECT batch_id, version, (amended -> 'unit_cost' ->> 0)::numeric AS unit_cost
    FROM amended WHERE jsonb_exists(amended, 'unit_cost')
), periods AS (
  -- The line of the amendment itself still carries the old cost.
  SELECT batch_id, lag(version, 1, 0) OVER (PARTITION BY batch_id ORDER BY version) AS since, version AS until, unit_cost
    FROM changes
  UNION ALL
  SELECT b.id, coalesce(c.version, 0), 2147483647, b.unit_cost
    FROM stock_batch b
      LEFT JOIN (SELECT batch_id, max(version) AS version FROM changes GROUP BY batch_id) c ON c.batch_id = b.id
    WHERE b.tenant_id = %(tenant)s
)
SELECT m.batch_id, m.version, m.unit_cost AS on_line, p.unit_cost AS of_batch
  FROM stock_movement m
    JOIN periods p ON p.batch_id = m.batch_id AND m.version > p.since AND m.version <= p.until
  WHERE m.tenant_id = %(tenant)s AND (m.unit_cost IS DISTINCT FROM p.unit_cost OR m.unit_cost < 0)
