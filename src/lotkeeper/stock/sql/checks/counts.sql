-- A posted count moved its batch by what was counted less the book of its moment; none went missing, none was slipped in.
-- examines: stock_count
WITH counts AS MATERIALIZED (
  SELECT * FROM stock_count WHERE tenant_id = %(tenant)s
), moved AS (
  SELECT m.operation_id, m.batch_id, sum(m.quantity) AS quantity
    FROM stock_operation o JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.operation_id = o.id
    WHERE o.tenant_id = %(tenant)s AND o.kind = 'stock_take'
    GROUP BY m.operation_id, m.batch_id
), books AS (
  SELECT c.id, coalesce(sum(m.quantity), 0) AS quantity
    FROM counts c
      LEFT JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = c.batch_id
        AND m.version <= c.last_version AND m.occurred_at <= c.counted_at
    GROUP BY c.id
)
SELECT 'not what was counted' AS found, coalesce(c.operation_id, m.operation_id) AS operation_id,
    coalesce(c.batch_id, m.batch_id) AS batch_id, c.counted, c.book, m.quantity AS moved
  FROM counts c FULL JOIN moved m ON m.operation_id = c.operation_id AND m.batch_id = c.batch_id
  WHERE coalesce(m.quantity, 0) IS DISTINCT FROM c.counted - c.book
UNION ALL
SELECT 'another book', c.operation_id, c.batch_id, c.counted, c.book, b.quantity
  FROM counts c JOIN books b ON b.id = c.id WHERE b.quantity <> c.book
UNION ALL
SELECT 'counts missing or too many', o.id, NULL, (o.response ->> 'counts')::numeric, count(c.id), NULL
  FROM stock_operation o LEFT JOIN counts c ON c.operation_id = o.id
  WHERE o.tenant_id = %(tenant)s AND (o.kind = 'stock_take' OR c.id IS NOT NULL)
  GROUP BY o.id, o.response
  HAVING count(c.id) IS DISTINCT FROM (o.response ->> 'counts')::bigint
