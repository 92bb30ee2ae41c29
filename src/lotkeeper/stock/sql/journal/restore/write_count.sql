INSERT INTO stock_count (tenant_id, id, operation_id, batch_id, line, counted, book, version, counted_at, last_version)
  SELECT %(tenant)s, r.count, r.operation, r.batch, r.line, r.counted, r.book, r.version, r.counted_at, r.last_version
    FROM jsonb_to_recordset(%(records)s::jsonb) AS r (count bigint, operation bigint, batch bigint, line integer,
      counted numeric, book numeric, version integer, counted_at timestamptz, last_version integer)
    ORDER BY r.count
