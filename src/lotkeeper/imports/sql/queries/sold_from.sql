-- From which batches sales took some variations, and what came back to them: the lines of each sale in the order in which
-- they were taken, then those of the operations that refer to it. OFFSET 0: looked up operation by operation, whatever
-- the planner knows of tables that an import is just filling (it read the whole ledger for each day).
SELECT s.id, m.variation_id, m.batch_id, m.quantity
FROM unnest(%(sales)s::bigint[]) AS s (id)
CROSS JOIN LATERAL (
  SELECT s.id AS operation_id, false AS is_return
  UNION ALL
  SELECT o.id, true FROM stock_operation o WHERE o.tenant_id = %(tenant)s AND o.refers_to_id = s.id
  OFFSET 0
) o
CROSS JOIN LATERAL (
  SELECT m.variation_id, m.batch_id, m.quantity, m.line, m.recorded_at, m.version
  FROM stock_movement m
  WHERE m.tenant_id = %(tenant)s AND m.operation_id = o.operation_id
  OFFSET 0
) m
WHERE m.variation_id = ANY (%(variations)s::bigint[])
ORDER BY o.is_return, m.line, m.recorded_at, m.version
