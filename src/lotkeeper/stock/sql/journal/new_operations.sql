-- The operations that wrote the lines beyond these versions, and those without lines that are not among the known ones;
-- with the number of their lines.
SELECT o.id, coalesce(o.line_count, 0)
  FROM (
    SELECT m.operation_id
      FROM unnest(%(batches)s::bigint[], %(versions)s::integer[]) AS u (batch_id, version)
        JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = u.batch_id AND m.version > u.version
    UNION
    SELECT l.id FROM stock_operation l
      WHERE l.tenant_id = %(tenant)s AND l.line_count = 0 AND l.id <> ALL(%(lineless)s::bigint[])
  ) n
    JOIN stock_operation o ON o.tenant_id = %(tenant)s AND o.id = n.operation_id
  ORDER BY o.id
