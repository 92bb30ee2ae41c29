-- The keys of one page of ledger lines, outlet by outlet through movement_history, then the first of them all: the cost
-- is that of a page for each outlet, wherever in the history it stands.
SELECT m.recorded_at, m.batch_id, m.version
FROM unnest(%(outlets)s::bigint[]) AS o (outlet_id)
CROSS JOIN LATERAL (
  SELECT l.recorded_at, l.batch_id, l.version FROM stock_movement l
  WHERE l.tenant_id = %(tenant)s AND l.outlet_id = o.outlet_id
    AND (%(after_recorded_at)s::timestamptz IS NULL OR (l.recorded_at, l.batch_id, l.version) {beyond}
      (%(after_recorded_at)s::timestamptz, %(after_batch)s::bigint, %(after_version)s::integer))
    AND (%(recorded_from)s::timestamptz IS NULL OR l.recorded_at >= %(recorded_from)s)
    AND (%(recorded_until)s::timestamptz IS NULL OR l.recorded_at < %(recorded_until)s)
    AND (%(occurred_from)s::timestamptz IS NULL OR l.occurred_at >= %(occurred_from)s)
    AND (%(occurred_until)s::timestamptz IS NULL OR l.occurred_at < %(occurred_until)s)
    AND (%(movement_type)s::text IS NULL OR l.movement_type = %(movement_type)s)
  ORDER BY l.recorded_at {order}, l.batch_id {order}, l.version {order}
  LIMIT %(limit)s
) m
ORDER BY m.recorded_at {order}, m.batch_id {order}, m.version {order}
LIMIT %(limit)s
