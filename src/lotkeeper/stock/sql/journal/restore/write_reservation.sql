WITH told AS (
  SELECT * FROM jsonb_to_recordset(%(records)s::jsonb) AS r (operation bigint, reservation bigint, outlet bigint,
    created_at timestamptz, expires_at timestamptz, lines jsonb)
), promises AS (
  INSERT INTO stock_reservation (tenant_id, id, operation_id, outlet_id, status, created_at, expires_at)
    SELECT %(tenant)s, t.reservation, t.operation, t.outlet, 'active', t.created_at, t.expires_at FROM told t
)
INSERT INTO stock_reservation_line (tenant_id, id, reservation_id, variation_id, quantity)
  SELECT %(tenant)s, (l.value ->> 0)::bigint, t.reservation, (l.value ->> 1)::bigint, (l.value ->> 2)::numeric
    FROM told t CROSS JOIN LATERAL jsonb_array_elements(t.lines) l
