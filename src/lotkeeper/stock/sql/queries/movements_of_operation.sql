-- The keys of one page of the ledger lines of one operation, found by movement_of_operation.
SELECT l.recorded_at, l.batch_id, l.version FROM stock_movement l
WHERE l.tenant_id = %(tenant)s AND l.operation_id = %(operation)s AND l.outlet_id = ANY (%(outlets)s::bigint[])
  AND (%(variation)s::bigint IS NULL OR l.variation_id = %(variation)s)
  AND (%(batch)s::bigint IS NULL OR l.batch_id = %(batch)s)
  AND (%(after_recorded_at)s::timestamptz IS NULL OR (l.recorded_at, l.batch_id, l.version) {beyond}
    (%(after_recorded_at)s::timestamptz, %(after_batch)s::bigint, %(after_version)s::integer))
  AND (%(recorded_from)s::timestamptz IS NULL OR l.recorded_at >= %(recorded_from)s)
  AND (%(recorded_until)s::timestamptz IS NULL OR l.recorded_at < %(recorded_until)s)
  AND (%(occurred_from)s::timestamptz IS NULL OR l.occurred_at >= %(occurred_from)s)
  AND (%(occurred_until)s::timestamptz IS NULL OR l.occurred_at < %(occurred_until)s)
  AND (%(movement_type)s::text IS NULL OR l.movement_type = %(movement_type)s)
ORDER BY l.recorded_at {order}, l.batch_id {order}, l.version {order}
LIMIT %(limit)s
