-- What was sold on each of the last days, at cost: outlet by outlet through movement_history.
SELECT (m.occurred_at AT TIME ZONE %(timezone)s)::date, sum(-m.quantity * m.unit_cost)
FROM stock_movement m
WHERE m.tenant_id = %(tenant)s AND m.outlet_id = ANY (%(outlets)s::bigint[]) AND m.movement_type = 'sale'
  AND m.recorded_at >= %(since)s AND m.occurred_at >= %(since)s AND m.unit_cost IS NOT NULL
GROUP BY 1
ORDER BY 1
