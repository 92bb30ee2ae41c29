-- The keys of one page of ledger lines of one batch, or of all batches of one variation: batch by batch through
-- movement_as_of, then the first of them all.
SELECT m.recorded_at, m.batch_id, m.version
FROM stock_batch b
CROSS JOIN LATERAL (
  SELECT l.recorded_at, l.batch_id, l.version FROM stock_movement l
  WHERE l.tenant_id = %(tenant)s AND l.batch_id = b.id
    AND (%(after_recorded_at)s::timestamptz IS NULL OR (l.recorded_at {beyond}= %(after_recorded_at)s::timestamptz
      AND (l.recorded_at, l.batch_id, l.version) {beyond}
        (%(after_recorded_at)s::timestamptz, %(after_batch)s::bigint, %(after_version)s::integer)))
    AND (%(recorded_from)s::timestamptz IS NULL OR l.recorded_at >= %(recorded_from)s)
    AND (%(recorded_until)s::timestamptz IS NULL OR l.recorded_at < %(recorded_until)s)
    AND (%(occurred_from)s::timestamptz IS NULL OR l.occurred_at >= %(occurred_from)s)
    AND (%(occurred_until)s::timestamptz IS NULL OR l.occurred_at < %(occurred_until)s)
    AND (%(movement_type)s::text IS NULL OR l.movement_type = %(movement_type)s)
  ORDER BY l.recorded_at {order}, l.version {order}
  LIMIT %(limit)s
) m
WHERE b.tenant_id = %(tenant)s AND b.outlet_id = ANY (%(outlets)s::bigint[])
  AND (%(variation)s::bigint IS NULL OR b.variation_id = %(variation)s)
  AND (%(batch)s::bigint IS NULL OR b.id = %(batch)s)
ORDER BY m.recorded_at {order}, m.batch_id {order}, m.version {order}
LIMIT %(limit)s
