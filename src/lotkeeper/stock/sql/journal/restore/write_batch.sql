WITH told AS (
  SELECT * FROM jsonb_to_recordset(%(records)s::jsonb) AS r (batch bigint, outlet bigint, variation bigint, number text,
    expiry date, cost numeric, received_at timestamptz)
), items AS (
  INSERT INTO stock_item (tenant_id, outlet_id, variation_id, reserved)
    SELECT DISTINCT %(tenant)s, t.outlet, t.variation, 0 FROM told t
    ON CONFLICT DO NOTHING
)
INSERT INTO stock_batch (tenant_id, id, outlet_id, variation_id, batch_number, expiry_date, unit_cost, received_at,
    status, quantity, version, genesis_hash)
  SELECT %(tenant)s, t.batch, t.outlet, t.variation, t.number, t.expiry, t.cost, t.received_at, 'available', 0, 0, ''
    FROM told t
    ORDER BY t.batch
