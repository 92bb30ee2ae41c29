-- Nothing was sold or sent on after its expiry, by the date at the outlet and by what was written on the batch at the time.
-- examines: stock_movement
WITH amended AS MATERIALIZED (
  SELECT m.batch_id, m.version, nullif(m.amendment, '')::jsonb AS amended
    FROM stock_movement m WHERE m.tenant_id = %(tenant)s AND m.movement_type = 'amend'
), changes AS MATERIALIZED (
  SELECT batch_id, version, (amended -> 'expiry_date' ->> 0)::date AS expiry_date
    FROM amended WHERE jsonb_exists(amended, 'expiry_date')
), periods AS (
  SELECT batch_id, lag(version, 1, 0) OVER (PARTITION BY batch_id ORDER BY version) AS since, version AS until, expiry_date
    FROM changes
  UNION ALL
  SELECT b.id, coalesce(c.version, 0), 2147483647, b.expiry_date
    FROM stock_batch b
      LEFT JOIN (SELECT batch_id, max(version) AS version FROM changes GROUP BY batch_id) c ON c.batch_id = b.id
    WHERE b.tenant_id = %(tenant)s
)
SELECT m.batch_id, m.version, m.operation_id, m.movement_type, p.expiry_date, m.occurred_at
  FROM stock_movement m
    JOIN periods p ON p.batch_id = m.batch_id AND m.version > p.since AND m.version <= p.until
    JOIN outlets_outlet o ON o.tenant_id = %(tenant)s AND o.id = m.outlet_id
  WHERE m.tenant_id = %(tenant)s AND m.movement_type IN ('sale', 'transfer_out')
    -- A till's clock may run a little ahead; what was recorded today was not sold tomorrow.
    AND p.expiry_date < (least(m.occurred_at, m.recorded_at) AT TIME ZONE o.timezone)::date
    -- An outlet whose zone was changed may have sold by the date of an earlier one.
    AND NOT EXISTS (SELECT FROM unnest(o.earlier_timezones) AS earlier (timezone)
      WHERE p.expiry_date >= (least(m.occurred_at, m.recorded_at) AT TIME ZONE earlier.timezone)::date)
