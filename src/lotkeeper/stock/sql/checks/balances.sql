-- What a batch holds is the sum of its ledger lines.
-- examines: stock_movement
SELECT coalesce(b.id, l.batch_id) AS batch_id, b.quantity AS stored, coalesce(l.quantity, 0) AS ledger
  FROM (SELECT id, quantity FROM stock_batch WHERE tenant_id = %(tenant)s) b
    FULL JOIN (
      SELECT batch_id, sum(quantity) AS quantity FROM stock_movement WHERE tenant_id = %(tenant)s GROUP BY batch_id
    ) l ON l.batch_id = b.id
  WHERE b.quantity IS DISTINCT FROM coalesce(l.quantity, 0)
