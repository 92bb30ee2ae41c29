-- What was counted last stays counted: as of that moment the book says what was on the shelf, whatever was entered since.
-- examines: stock_count
SELECT c.batch_id, c.operation_id, c.counted_at, c.counted, coalesce(sum(m.quantity), 0) AS book
  FROM (
    SELECT DISTINCT ON (c.batch_id) c.batch_id, c.operation_id, c.counted_at, c.counted
      FROM stock_count c
      WHERE c.tenant_id = %(tenant)s AND NOT lk.is_reversed(%(tenant)s, c.operation_id)
      ORDER BY c.batch_id, c.counted_at DESC, c.id DESC
  ) c
    LEFT JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = c.batch_id AND m.occurred_at <= c.counted_at
  GROUP BY c.batch_id, c.operation_id, c.counted_at, c.counted
  HAVING coalesce(sum(m.quantity), 0) <> c.counted
