-- An operation that moves stock has lines; a promise has its reservation. (A transfer of which nothing arrived has none, nor a count that matched.)
-- examines: stock_operation
SELECT o.id AS operation_id, o.kind, o.reference_id
  FROM stock_operation o
  WHERE o.tenant_id = %(tenant)s
    AND CASE
      WHEN o.kind = 'reservation' THEN
        NOT EXISTS (SELECT FROM stock_reservation r WHERE r.tenant_id = %(tenant)s AND r.operation_id = o.id)
      WHEN o.kind IN ('transfer_receipt', 'stock_take') THEN false
      ELSE NOT EXISTS (SELECT FROM stock_movement m WHERE m.tenant_id = %(tenant)s AND m.operation_id = o.id) END
