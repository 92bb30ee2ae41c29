-- What was sent is what arrived, what is in transit and what is missing: a transfer agrees with its ledger lines.
-- examines: transfers_transferline
WITH lines AS (
  SELECT t.id AS transfer_id, t.status, t.sent_id, t.received_id, t.destination_id, l.batch_id, l.received_batch_id,
      l.quantity_sent, l.quantity_received
    FROM transfers_transfer t JOIN transfers_transferline l ON l.tenant_id = %(tenant)s AND l.transfer_id = t.id
    WHERE t.tenant_id = %(tenant)s
), told AS (
  SELECT sent_id AS operation_id, batch_id, -sum(quantity_sent) AS quantity FROM lines GROUP BY sent_id, batch_id
  UNION ALL
  SELECT received_id, received_batch_id, sum(quantity_received)
    FROM lines WHERE quantity_received > 0 GROUP BY received_id, received_batch_id
), written AS (
  SELECT m.operation_id, m.batch_id, sum(m.quantity) AS quantity
    FROM stock_movement m
      JOIN stock_operation o ON o.tenant_id = %(tenant)s AND o.id = m.operation_id
    WHERE m.tenant_id = %(tenant)s AND o.kind IN ('transfer', 'transfer_receipt')
    GROUP BY m.operation_id, m.batch_id
)
SELECT coalesce(t.operation_id, w.operation_id) AS operation_id, coalesce(t.batch_id, w.batch_id) AS batch_id,
    t.quantity AS on_transfer, w.quantity AS in_ledger
  FROM told t FULL JOIN written w ON w.operation_id = t.operation_id AND w.batch_id = t.batch_id
  WHERE t.quantity IS DISTINCT FROM w.quantity
UNION ALL
SELECT l.sent_id, l.batch_id, l.quantity_sent, l.quantity_received
  FROM lines l
  WHERE NOT coalesce(l.quantity_received, 0) BETWEEN 0 AND l.quantity_sent
    OR (l.status = 'in_transit') <> (l.quantity_received IS NULL)
    OR (l.status = 'in_transit') <> (l.received_id IS NULL)
