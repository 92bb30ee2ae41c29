UPDATE stock_reservation p SET status = r.status, closed_at = r.closed_at
  FROM jsonb_to_recordset(%(records)s::jsonb) AS r (reservation bigint, status text, closed_at timestamptz)
  WHERE p.tenant_id = %(tenant)s AND p.id = r.reservation
