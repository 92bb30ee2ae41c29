-- The answer kept for a retry says what the ledger says, and what was written on the batches at the time.
-- examines: stock_operation
WITH changes AS MATERIALIZED (
  SELECT m.batch_id, m.version, nullif(m.amendment, '')::jsonb AS amended
    FROM stock_movement m WHERE m.tenant_id = %(tenant)s AND m.movement_type = 'amend'
), changed AS MATERIALIZED (
  SELECT c.batch_id, c.version, e.key, e.value ->> 0 AS old
    FROM changes c CROSS JOIN LATERAL jsonb_each(c.amended) e WHERE e.key IN ('batch_number', 'expiry_date')
), periods AS (
  SELECT batch_id, key, lag(version, 1, 0) OVER (PARTITION BY batch_id, key ORDER BY version) AS since,
      version AS until, old AS value
    FROM changed
  UNION ALL
  SELECT b.id, s.key, coalesce(c.version, 0), 2147483647, s.value
    FROM stock_batch b
      CROSS JOIN LATERAL (VALUES ('batch_number', b.batch_number), ('expiry_date', b.expiry_date::text)) AS s (key, value)
      LEFT JOIN (SELECT batch_id, key, max(version) AS version FROM changed GROUP BY batch_id, key) c
        ON c.batch_id = b.id AND c.key = s.key
    WHERE b.tenant_id = %(tenant)s
), told AS (
  SELECT o.id AS operation_id, (t.value ->> 'line')::integer AS line, (t.value ->> 'batch_id')::bigint AS batch_id,
      (t.value ->> 'variation_id')::bigint AS variation_id, (t.value ->> 'quantity')::numeric AS quantity,
      (t.value ->> 'balance_after')::numeric AS balance_after, (t.value ->> 'unit_cost')::numeric AS unit_cost,
      t.value ->> 'batch' AS batch, t.value ->> 'expiry' AS expiry
    FROM stock_operation o CROSS JOIN LATERAL jsonb_array_elements(o.response -> 'movements') t
    WHERE o.tenant_id = %(tenant)s AND jsonb_exists(o.response, 'movements')
), written AS (
  SELECT m.operation_id, m.line, m.batch_id, m.variation_id, m.quantity, m.balance_after, m.unit_cost,
      n.value AS batch, e.value AS expiry
    FROM stock_movement m
      JOIN stock_operation o ON o.tenant_id = %(tenant)s AND o.id = m.operation_id
      LEFT JOIN periods n ON n.batch_id = m.batch_id AND n.key = 'batch_number'
        AND m.version > n.since AND m.version <= n.until
      LEFT JOIN periods e ON e.batch_id = m.batch_id AND e.key = 'expiry_date'
        AND m.version > e.since AND m.version <= e.until
    WHERE m.tenant_id = %(tenant)s AND jsonb_exists(o.response, 'movements')
)
SELECT 'answered, not written' AS found, t.*, NULL::jsonb AS response
  FROM (SELECT * FROM told EXCEPT SELECT * FROM written) t
UNION ALL
SELECT 'written, not answered', w.*, NULL FROM (SELECT * FROM written EXCEPT SELECT * FROM told) w
UNION ALL
SELECT 'another answer', o.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, o.response
  FROM stock_operation o
    LEFT JOIN stock_reservation r ON r.tenant_id = %(tenant)s AND r.operation_id = o.id AND o.kind = 'reservation'
    LEFT JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.operation_id = o.id AND m.movement_type = 'amend'
  WHERE o.tenant_id = %(tenant)s AND (
    (o.response ->> 'operation_id')::bigint IS DISTINCT FROM o.id
    OR (o.response ->> 'reservation_id')::bigint IS DISTINCT FROM r.id
    OR (o.response ->> 'expires_at')::timestamptz IS DISTINCT FROM r.expires_at
    OR o.response -> 'amended' IS DISTINCT FROM nullif(m.amendment, '')::jsonb)
