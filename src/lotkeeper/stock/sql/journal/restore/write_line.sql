-- Lines stand in the order in which they follow each other; a batch's own last one so far is in the database.
WITH told AS (
  SELECT r.*, row_number() OVER () AS position
    FROM jsonb_to_recordset(%(records)s::jsonb) AS r (operation bigint, batch bigint, version integer, line integer,
      kind text, quantity numeric, balance numeric, cost numeric, amendment text, occurred_at timestamptz,
      recorded_at timestamptz, hash text)
)
INSERT INTO stock_movement (tenant_id, batch_id, version, prev_version, outlet_id, variation_id, operation_id,
    operation_digest, line, movement_type, quantity, balance_before, balance_after, unit_cost, amendment, occurred_at,
    recorded_at, prev_hash)
  SELECT %(tenant)s, t.batch, t.version, nullif(t.version - 1, 0), b.outlet_id, b.variation_id, t.operation, o.digest,
      t.line, t.kind, t.quantity, t.balance - t.quantity, t.balance, t.cost, t.amendment, t.occurred_at, t.recorded_at,
      coalesce(decode(lag(t.hash) OVER (PARTITION BY t.batch ORDER BY t.version), 'hex'), m.hash, b.genesis_hash)
    FROM told t
      JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.id = t.batch
      JOIN stock_operation o ON o.tenant_id = %(tenant)s AND o.id = t.operation
      LEFT JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = t.batch AND m.version = t.version - 1
    ORDER BY t.position
