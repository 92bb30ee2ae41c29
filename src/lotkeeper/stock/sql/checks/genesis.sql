-- A batch began as what is written on it today, once its amendments are taken back: that is what its chain starts from.
-- examines: stock_batch
WITH changes AS MATERIALIZED (
  SELECT m.batch_id, m.version, nullif(m.amendment, '')::jsonb AS amended
    FROM stock_movement m WHERE m.tenant_id = %(tenant)s AND m.movement_type = 'amend'
), firsts AS (
  SELECT DISTINCT ON (c.batch_id, e.key) c.batch_id, e.key, e.value ->> 0 AS original
    FROM changes c CROSS JOIN LATERAL jsonb_each(c.amended) e
    ORDER BY c.batch_id, e.key, c.version
), born AS (
  SELECT b.id, b.outlet_id, b.variation_id, b.received_at, b.genesis_hash, b.expiry_date AS expiry_now, b.unit_cost AS cost_now,
      CASE WHEN n.key IS NULL THEN b.batch_number ELSE n.original END AS batch_number,
      CASE WHEN e.key IS NULL THEN b.expiry_date ELSE e.original::date END AS expiry_date,
      CASE WHEN c.key IS NULL THEN b.unit_cost ELSE c.original::numeric END AS unit_cost
    FROM stock_batch b
      LEFT JOIN firsts n ON n.batch_id = b.id AND n.key = 'batch_number'
      LEFT JOIN firsts e ON e.batch_id = b.id AND e.key = 'expiry_date'
      LEFT JOIN firsts c ON c.batch_id = b.id AND c.key = 'unit_cost'
    WHERE b.tenant_id = %(tenant)s
)
SELECT b.id AS batch_id, b.batch_number, b.expiry_date, b.unit_cost, encode(b.genesis_hash, 'hex') AS stored
  FROM born b
  WHERE b.genesis_hash IS DISTINCT FROM sha256('\x4c4b30'::bytea || int8send(%(tenant)s) || int8send(b.id)
      || int8send(b.outlet_id) || int8send(b.variation_id) || coalesce(date_send(b.expiry_date), '\x80000000'::bytea)
      || int8send(coalesce((b.unit_cost * 10000)::bigint, -1)) || timestamptz_send(b.received_at)
      || convert_to(b.batch_number, 'UTF8'))
    -- These would share the bytes of "no expiry" and "no cost", and are no expiry and no cost.
    OR NOT isfinite(b.expiry_date) OR NOT isfinite(b.expiry_now) OR b.unit_cost < 0 OR b.cost_now < 0
