INSERT INTO stock_operation (tenant_id, id, kind, reference_id, fingerprint, user_id, token_id, channel, reason, note,
    refers_to_id, occurred_at, recorded_at, response, line_count)
  SELECT %(tenant)s, r.operation, r.kind, r.reference, decode(r.fingerprint, 'hex'), r."user", r.token, r.channel,
      r.reason, r.note, r.refers_to, r.occurred_at, r.recorded_at, r.response, r.line_count
    FROM jsonb_to_recordset(%(records)s::jsonb) AS r (operation bigint, kind text, reference text, fingerprint text,
      "user" bigint, token bigint, channel text, reason text, note text, refers_to bigint, occurred_at timestamptz,
      recorded_at timestamptz, response jsonb, line_count integer)
    ORDER BY r.operation
