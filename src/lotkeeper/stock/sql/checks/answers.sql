-- The answer kept for a retry says what the ledger says.
-- examines: stock_operation
WITH told AS (
  SELECT o.id AS operation_id, (t.value ->> 'line')::integer AS line, (t.value ->> 'batch_id')::bigint AS batch_id,
      (t.value ->> 'variation_id')::bigint AS variation_id, (t.value ->> 'quantity')::numeric AS quantity,
      (t.value ->> 'balance_after')::numeric AS balance_after, (t.value ->> 'unit_cost')::numeric AS unit_cost
    FROM stock_operation o CROSS JOIN LATERAL jsonb_array_elements(o.response -> 'movements') t
    WHERE o.tenant_id = %(tenant)s AND jsonb_exists(o.response, 'movements')
), written AS (
  SELECT m.operation_id, m.line, m.batch_id, m.variation_id, m.quantity, m.balance_after, m.unit_cost
    FROM stock_movement m JOIN stock_operation o ON o.tenant_id = %(tenant)s AND o.id = m.operation_id
    WHERE m.tenant_id = %(tenant)s AND jsonb_exists(o.response, 'movements')
)
(SELECT 'answered, not written' AS found, t.* FROM (SELECT * FROM told EXCEPT SELECT * FROM written) t)
UNION ALL
(SELECT 'written, not answered', w.* FROM (SELECT * FROM written EXCEPT SELECT * FROM told) w)
UNION ALL
SELECT 'answer of another operation', o.id, NULL, NULL, NULL, NULL, NULL, NULL
  FROM stock_operation o
  WHERE o.tenant_id = %(tenant)s AND (o.response ->> 'operation_id')::bigint IS DISTINCT FROM o.id
UNION ALL
SELECT 'answer of another amendment', m.operation_id, m.line, m.batch_id, m.variation_id, NULL, NULL, NULL
  FROM stock_movement m JOIN stock_operation o ON o.tenant_id = %(tenant)s AND o.id = m.operation_id
  WHERE m.tenant_id = %(tenant)s AND m.movement_type = 'amend'
    AND o.response -> 'amended' IS DISTINCT FROM nullif(m.amendment, '')::jsonb
