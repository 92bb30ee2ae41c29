-- Nothing was sold or sent on while its batch was held, recalled or archived.
-- examines: stock_movement
WITH amended AS MATERIALIZED (
  SELECT m.batch_id, m.version, nullif(m.amendment, '')::jsonb AS amended
    FROM stock_movement m WHERE m.tenant_id = %(tenant)s AND m.movement_type = 'amend'
), changes AS (
  SELECT batch_id, version AS since, amended -> 'status' ->> 1 AS status,
      lead(version, 1, 2147483647) OVER (PARTITION BY batch_id ORDER BY version) AS until
    FROM amended WHERE jsonb_exists(amended, 'status')
)
SELECT m.batch_id, m.version, m.operation_id, m.movement_type, c.status, m.occurred_at
  FROM changes c
    JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = c.batch_id
      AND m.version > c.since AND m.version < c.until
  WHERE c.status <> 'available' AND m.movement_type IN ('sale', 'transfer_out')
