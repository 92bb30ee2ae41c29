-- What is in scope and was not found anywhere is not there: a line with 0 for each batch that had stock when the count was
-- opened. What arrived since then may stand where somebody had counted already, and is left out.
WITH rest AS (
  SELECT b.id, b.variation_id, b.quantity, b.version
    FROM stock_batch b
      -- OFFSET 0: looked up one by one, whatever the planner knows of the tables.
      CROSS JOIN LATERAL (
        SELECT v.product_id FROM catalog_itemvariation v
          WHERE v.tenant_id = %(tenant)s AND v.id = b.variation_id OFFSET 0
      ) v
      CROSS JOIN LATERAL (
        SELECT p.category_id, p.supplier_id FROM catalog_product p
          WHERE p.tenant_id = %(tenant)s AND p.id = v.product_id OFFSET 0
      ) p
    WHERE b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s AND b.in_stock
      AND (%(category_ids)s::bigint[] IS NULL OR p.category_id = ANY (%(category_ids)s))
      AND (%(supplier_id)s::bigint IS NULL OR p.supplier_id = %(supplier_id)s)
      AND (%(listed_in)s::bigint IS NULL OR EXISTS (SELECT FROM stocktakes_stocktakelisting l
        WHERE l.tenant_id = %(tenant)s AND l.stock_take_id = %(listed_in)s AND l.variation_id = b.variation_id))
      AND NOT EXISTS (SELECT FROM stocktakes_stocktakeitem i
        WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.batch_id = b.id
          AND (i.physical_count IS NOT NULL OR i.awaiting_recount) OFFSET 0)
      AND NOT EXISTS (SELECT FROM stock_movement m
        WHERE m.tenant_id = %(tenant)s AND m.batch_id = b.id AND m.recorded_at > %(opened_at)s AND m.quantity > 0 OFFSET 0)
), items AS (
  INSERT INTO stocktakes_stocktakeitem AS i (tenant_id, stock_take_id, batch_id, variation_id, found_number, round,
      awaiting_recount, superseded, variance_reason, physical_count, counted_at)
    SELECT %(tenant)s, %(stock_take_id)s, r.id, r.variation_id, '', 1, false, false, '', 0, %(now)s FROM rest r
    ON CONFLICT (tenant_id, stock_take_id, batch_id) WHERE batch_id IS NOT NULL
      DO UPDATE SET physical_count = 0, counted_at = EXCLUDED.counted_at
    RETURNING i.id, i.batch_id, i.round
)
INSERT INTO stocktakes_stocktakeobservation (tenant_id, stock_take_id, item_id, client_id, round, place, quantity,
    counted_at, recorded_at, user_id, token_id, book, version, assumed)
  SELECT %(tenant)s, %(stock_take_id)s, i.id, gen_random_uuid(), i.round, '', 0, %(now)s, %(now)s, %(user_id)s,
      %(token_id)s, r.quantity, r.version, true
    FROM items i JOIN rest r ON r.id = i.batch_id
