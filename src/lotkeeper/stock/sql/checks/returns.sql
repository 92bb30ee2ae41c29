-- No more came back, or was reversed, than the operation it names had moved, batch by batch.
-- examines: stock_movement
WITH referring AS (
  SELECT o.refers_to_id AS origin, o.id
    FROM stock_operation o
    WHERE o.tenant_id = %(tenant)s AND o.refers_to_id IS NOT NULL AND o.kind IN ('return', 'reversal')
), back AS (
  SELECT f.origin, m.batch_id, sum(m.quantity) AS quantity
    FROM (
      SELECT f.origin, f.id FROM referring f
      UNION ALL
      -- A return that was reversed itself did not come back.
      SELECT f.origin, r.id FROM referring f JOIN referring r ON r.origin = f.id
    ) f
      JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.operation_id = f.id
    GROUP BY f.origin, m.batch_id
)
SELECT r.origin AS operation_id, r.batch_id, coalesce(m.moved, 0) AS moved, r.quantity AS came_back
  FROM back r
    LEFT JOIN LATERAL (
      SELECT sum(m.quantity) AS moved FROM stock_movement m
        WHERE m.tenant_id = %(tenant)s AND m.operation_id = r.origin AND m.batch_id = r.batch_id
    ) m ON true
  WHERE r.quantity <> 0 AND (coalesce(m.moved, 0) * r.quantity >= 0 OR abs(r.quantity) > abs(m.moved))
