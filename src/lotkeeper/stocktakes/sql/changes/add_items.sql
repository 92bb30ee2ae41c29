-- A line of the stock take for each batch that was seen for the first time.
INSERT INTO stocktakes_stocktakeitem (tenant_id, stock_take_id, batch_id, variation_id, found_number, found_expiry_date,
    found_unit_cost, round, awaiting_recount, superseded, variance_reason)
  SELECT DISTINCT ON (u.batch_id, u.variation_id, u.number, u.expiry) %(tenant)s, %(stock_take_id)s, u.batch_id,
      u.variation_id, CASE WHEN u.batch_id IS NULL THEN u.number ELSE '' END,
      CASE WHEN u.batch_id IS NULL THEN u.expiry END, CASE WHEN u.batch_id IS NULL THEN u.cost END, 1, false, false, ''
    FROM unnest(%(batch_ids)s::bigint[], %(variation_ids)s::bigint[], %(numbers)s::text[], %(expiries)s::date[],
      %(costs)s::numeric[]) AS u (batch_id, variation_id, number, expiry, cost)
    ORDER BY u.batch_id, u.variation_id, u.number, u.expiry, u.cost
  ON CONFLICT DO NOTHING
