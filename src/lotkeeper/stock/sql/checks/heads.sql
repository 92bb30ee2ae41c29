-- A batch's head is its last line: the same number, balance and hash.
-- examines: stock_batch
SELECT b.id AS batch_id, b.version, b.quantity, m.balance_after
  FROM stock_batch b
    LEFT JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = b.id AND m.version = b.version
  WHERE b.tenant_id = %(tenant)s
    AND (b.head_hash IS DISTINCT FROM m.hash OR b.quantity <> coalesce(m.balance_after, 0)
      OR (b.version = 0) <> (m.version IS NULL))
