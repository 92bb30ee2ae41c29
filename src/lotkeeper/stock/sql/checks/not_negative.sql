-- No batch holds, or ever held, less than nothing.
-- examines: stock_movement
SELECT m.batch_id, m.version, m.balance_after
  FROM stock_movement m WHERE m.tenant_id = %(tenant)s AND NOT m.balance_after BETWEEN 0 AND 99999999999.999
UNION ALL
SELECT b.id, b.version, b.quantity
  FROM stock_batch b WHERE b.tenant_id = %(tenant)s AND NOT b.quantity BETWEEN 0 AND 99999999999.999
