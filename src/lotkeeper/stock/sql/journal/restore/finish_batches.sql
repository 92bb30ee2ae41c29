-- Every batch shows its last line, and what amendments made of it; those that waited under another name get theirs back.
UPDATE stock_batch b
  SET quantity = m.balance_after, version = m.version, head_hash = m.hash,
    batch_number = coalesce(a.now ->> 'batch_number', %(numbers)s::jsonb ->> b.id::text, b.batch_number),
    expiry_date = CASE WHEN a.now ? 'expiry_date' THEN (a.now ->> 'expiry_date')::date ELSE b.expiry_date END,
    unit_cost = CASE WHEN a.now ? 'unit_cost' THEN (a.now ->> 'unit_cost')::numeric ELSE b.unit_cost END,
    status = coalesce(a.now ->> 'status', b.status)
  FROM (
    SELECT DISTINCT ON (l.batch_id) l.batch_id, l.version, l.balance_after, l.hash
      FROM stock_movement l WHERE l.tenant_id = %(tenant)s
      ORDER BY l.batch_id, l.version DESC
  ) m
    LEFT JOIN (
      SELECT c.batch_id, jsonb_object_agg(c.key, c.now) AS now
        FROM (
          SELECT DISTINCT ON (l.batch_id, e.key) l.batch_id, e.key, e.value -> 1 AS now
            FROM stock_movement l CROSS JOIN LATERAL jsonb_each(l.amendment::jsonb) e
            WHERE l.tenant_id = %(tenant)s AND l.movement_type = 'amend'
            ORDER BY l.batch_id, e.key, l.version DESC
        ) c
        GROUP BY c.batch_id
    ) a ON a.batch_id = m.batch_id
  WHERE b.tenant_id = %(tenant)s AND b.id = m.batch_id
