-- The operations that wrote the lines beyond these versions, and those without lines that are not among the known ones.
SELECT n.operation_id
  FROM (
    SELECT m.operation_id
      FROM unnest(%(batches)s::bigint[], %(versions)s::integer[]) AS u (batch_id, version)
        JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = u.batch_id AND m.version > u.version
    UNION
    SELECT o.id FROM stock_operation o
      WHERE o.tenant_id = %(tenant)s AND o.line_count = 0 AND o.id <> ALL(%(lineless)s::bigint[])
  ) n
  ORDER BY n.operation_id
