-- Operations for the journal, each followed by all that belongs to it: its lines, its counts, its promise.
SELECT r.operation_id, r.kind, r.id, r.version, r.hash, r.record
  FROM (
    SELECT o.id AS operation_id, 0 AS rank, 'operation' AS kind, o.id, o.line_count AS version, o.digest AS hash, (
        SELECT row_to_json(t)::text FROM (
          SELECT 'operation' AS record, o.id AS operation, o.kind, o.channel, o.reference_id AS reference,
            encode(o.fingerprint, 'hex') AS fingerprint, o.user_id AS "user", o.token_id AS token, o.reason, o.note,
            o.refers_to_id AS refers_to,
            to_char(o.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at,
            to_char(o.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded_at,
            o.line_count, o.response, encode(o.digest, 'hex') AS digest
        ) t) AS record
      FROM stock_operation o
      WHERE o.tenant_id = %(tenant)s AND o.id = ANY(%(operations)s::bigint[])
    UNION ALL
    SELECT m.operation_id, 1, 'line', m.batch_id, m.version, m.hash, (
        SELECT row_to_json(t)::text FROM (
          SELECT 'line' AS record, m.operation_id AS operation, m.batch_id AS batch, m.version, m.line,
            m.movement_type AS kind, m.quantity::text AS quantity, m.balance_after::text AS balance,
            m.unit_cost::text AS cost, m.amendment,
            to_char(m.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS occurred_at,
            to_char(m.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS recorded_at,
            encode(m.hash, 'hex') AS hash
        ) t)
      FROM stock_movement m
      WHERE m.tenant_id = %(tenant)s AND m.operation_id = ANY(%(operations)s::bigint[])
    UNION ALL
    SELECT c.operation_id, 2, 'count', c.id, 0, NULL, (
        SELECT row_to_json(t)::text FROM (
          SELECT 'count' AS record, c.operation_id AS operation, c.id AS count, c.batch_id AS batch, c.line,
            c.counted::text AS counted, c.book::text AS book, c.version,
            to_char(c.counted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS counted_at, c.last_version
        ) t)
      FROM stock_count c
      WHERE c.tenant_id = %(tenant)s AND c.operation_id = ANY(%(operations)s::bigint[])
    UNION ALL
    SELECT p.operation_id, 3, 'reservation', p.id, 0, NULL, (
        SELECT row_to_json(t)::text FROM (
          SELECT 'reservation' AS record, p.operation_id AS operation, p.id AS reservation, p.outlet_id AS outlet,
            to_char(p.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
            to_char(p.expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS expires_at,
            (SELECT json_agg(json_build_array(l.id, l.variation_id, l.quantity::text) ORDER BY l.id)
              FROM stock_reservation_line l
              WHERE l.tenant_id = %(tenant)s AND l.reservation_id = p.id) AS lines
        ) t)
      FROM stock_reservation p
      WHERE p.tenant_id = %(tenant)s AND p.operation_id = ANY(%(operations)s::bigint[])
  ) r
  ORDER BY r.operation_id, r.rank, r.id, r.version
