-- What was seen, with what the book said of that moment. One that was sent before is left out.
INSERT INTO stocktakes_stocktakeobservation (tenant_id, stock_take_id, item_id, client_id, round, place, quantity,
    counted_at, recorded_at, user_id, token_id, book, version, assumed)
  SELECT %(tenant)s, %(stock_take_id)s, i.id, u.client_id, coalesce(u.round, i.round), u.place, u.quantity, u.counted_at,
      %(now)s, %(user_id)s, %(token_id)s, coalesce(k.quantity, 0), coalesce(k.version, 0),
      false
    FROM unnest(%(client_ids)s::uuid[], %(batch_ids)s::bigint[], %(variation_ids)s::bigint[], %(numbers)s::text[],
        %(expiries)s::date[], %(quantities)s::numeric[], %(counted_ats)s::timestamptz[], %(places)s::text[],
        %(rounds)s::int[])
      WITH ORDINALITY AS u (client_id, batch_id, variation_id, number, expiry, quantity, counted_at, place, round, line)
    -- OFFSET 0: looked up one by one, whatever the planner knows of the tables.
    CROSS JOIN LATERAL (
      SELECT i.id, i.round FROM stocktakes_stocktakeitem i
        WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.batch_id = u.batch_id
          -- So that either index of the lines will do: one that leads to the stock take alone takes 10 000 lines past 15 s.
          AND i.variation_id = u.variation_id
      UNION ALL
      SELECT i.id, i.round FROM stocktakes_stocktakeitem i
        WHERE u.batch_id IS NULL AND i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s
          AND i.batch_id IS NULL AND i.variation_id = u.variation_id AND i.found_number = u.number
          AND i.found_expiry_date IS NOT DISTINCT FROM u.expiry
      OFFSET 0
    ) i
    LEFT JOIN LATERAL (
      SELECT b.id, b.quantity, b.version FROM stock_batch b WHERE b.tenant_id = %(tenant)s AND b.id = u.batch_id OFFSET 0
    ) b ON true
    LEFT JOIN LATERAL lk.book_at(%(tenant)s, b.id, b.quantity, b.version, u.counted_at) k ON b.id IS NOT NULL
    ORDER BY u.line
  ON CONFLICT (tenant_id, client_id) DO NOTHING
