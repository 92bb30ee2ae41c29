-- An operation has as many lines as it wrote: none went missing, none was slipped in.
-- examines: stock_operation
SELECT o.id AS operation_id, o.kind, o.line_count AS written, coalesce(l.lines, 0) AS found
  FROM stock_operation o
    LEFT JOIN (
      SELECT operation_id, count(*) AS lines FROM stock_movement WHERE tenant_id = %(tenant)s GROUP BY operation_id
    ) l ON l.operation_id = o.id
  WHERE o.tenant_id = %(tenant)s AND coalesce(o.line_count, 0) <> coalesce(l.lines, 0)
