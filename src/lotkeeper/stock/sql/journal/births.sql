-- What batches were born as, for the journal: what is written on them today, with their amendments taken back.
WITH born AS (
  SELECT b.id, b.outlet_id, b.variation_id, b.received_at, b.genesis_hash, b.batch_number, b.expiry_date, b.unit_cost,
      coalesce((
        SELECT jsonb_object_agg(f.key, f.original) FROM (
          SELECT DISTINCT ON (e.key) e.key, e.value -> 0 AS original
            FROM stock_movement m CROSS JOIN LATERAL jsonb_each(m.amendment::jsonb) e
            WHERE m.tenant_id = %(tenant)s AND m.batch_id = b.id AND m.movement_type = 'amend'
            ORDER BY e.key, m.version
        ) f), '{}') AS firsts
    FROM stock_batch b
    WHERE b.tenant_id = %(tenant)s AND b.id = ANY(%(batches)s::bigint[])
), told AS (
  SELECT 'batch' AS record, b.id AS batch, b.outlet_id AS outlet, b.variation_id AS variation,
      CASE WHEN b.firsts ? 'batch_number' THEN b.firsts ->> 'batch_number' ELSE b.batch_number END AS number,
      CASE WHEN b.firsts ? 'expiry_date' THEN b.firsts ->> 'expiry_date' ELSE to_char(b.expiry_date, 'YYYY-MM-DD') END
        AS expiry,
      CASE WHEN b.firsts ? 'unit_cost' THEN b.firsts ->> 'unit_cost' ELSE b.unit_cost::text END AS cost,
      to_char(b.received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS received_at,
      encode(b.genesis_hash, 'hex') AS genesis
    FROM born b
)
SELECT NULL::bigint AS operation_id, 'batch' AS kind, t.batch AS id, 0 AS version, decode(t.genesis, 'hex') AS hash,
    row_to_json(t)::text AS record
  FROM told t
  ORDER BY t.batch
