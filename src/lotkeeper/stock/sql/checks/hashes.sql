-- The hash of a line is the hash of what it says; written out here, so that a changed function in the database cannot lie.
-- examines: stock_movement
SELECT m.batch_id, m.version, m.operation_id, encode(m.hash, 'hex') AS stored
  FROM stock_movement m
  WHERE m.tenant_id = %(tenant)s AND m.hash IS DISTINCT FROM sha256('\x4c4b31'::bytea || m.prev_hash
    || int8send(m.tenant_id) || int8send(m.batch_id) || int4send(m.version) || m.operation_digest || int4send(m.line)
    || int8send((m.quantity * 1000)::bigint) || int8send((m.balance_after * 1000)::bigint)
    || int8send(coalesce((m.unit_cost * 10000)::bigint, -1)) || timestamptz_send(m.occurred_at)
    || timestamptz_send(m.recorded_at) || int4send(octet_length(m.movement_type))
    || convert_to(m.movement_type, 'UTF8') || convert_to(m.amendment, 'UTF8'))
