-- The digest of an operation is the hash of what it says (who, what, why, when), and each of its lines repeats it.
-- examines: stock_operation
SELECT o.id AS operation_id, NULL::bigint AS batch_id, NULL::integer AS version, encode(o.digest, 'hex') AS digest
  FROM stock_operation o
  WHERE o.tenant_id = %(tenant)s AND o.digest IS DISTINCT FROM sha256('\x4c4b32'::bytea || int8send(o.tenant_id)
    || int8send(o.id) || int8send(o.user_id) || int8send(coalesce(o.token_id, 0))
    || int8send(coalesce(o.refers_to_id, 0)) || timestamptz_send(o.occurred_at) || timestamptz_send(o.recorded_at)
    || sha256(o.fingerprint)
    || convert_to(json_build_array(o.kind, o.channel, o.reference_id, o.reason, o.note)::text, 'UTF8'))
UNION ALL
SELECT m.operation_id, m.batch_id, m.version, encode(m.operation_digest, 'hex')
  FROM stock_movement m
    LEFT JOIN stock_operation o ON o.tenant_id = %(tenant)s AND o.id = m.operation_id
  WHERE m.tenant_id = %(tenant)s AND m.operation_digest IS DISTINCT FROM o.digest
