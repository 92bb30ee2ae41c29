-- Which of these promises have ended since, and how.
SELECT NULL::bigint AS operation_id, 'closed' AS kind, t.reservation AS id, 0 AS version, NULL::bytea AS hash,
    row_to_json(t)::text AS record
  FROM (
    SELECT 'closed' AS record, p.id AS reservation, p.status,
        to_char(p.closed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS closed_at
      FROM stock_reservation p
      WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(reservations)s::bigint[]) AND p.status <> 'active'
  ) t
  ORDER BY t.reservation
