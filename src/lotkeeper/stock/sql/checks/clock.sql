-- The clock never went back by a day: each line was recorded after the one it follows, or shortly before.
-- examines: stock_movement
SELECT l.batch_id, l.version, l.operation_id, l.recorded_at, l.last_recorded_at
  FROM (
    SELECT m.batch_id, m.version, m.operation_id, m.recorded_at,
        lag(m.recorded_at) OVER (PARTITION BY m.batch_id ORDER BY m.version) AS last_recorded_at
      FROM stock_movement m WHERE m.tenant_id = %(tenant)s
  ) l
  -- Clocks are set right by minutes, and order is by version; but a line that claims another day sells what had expired.
  WHERE l.recorded_at < l.last_recorded_at - interval '1 day'
