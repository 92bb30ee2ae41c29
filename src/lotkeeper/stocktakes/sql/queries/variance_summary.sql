-- A stock take in figures: its lines, added up, and how many batches are still to be counted.
WITH listed (item_id, batch_id, variation_id, sku, product_name, variation_name, unit, decimals, batch_number, expiry_date,
    found, round, awaiting_recount, physical_count, counted_at, book, version, variance, unit_cost, value, size, reason,
    moved_since, lines_since, entered_late, superseded, beyond_tolerance, approved_by, approved_at, needs_approval,
    disagreement, apart) AS (
{variance_lines}
)
SELECT count(*), count(l.physical_count), count(*) FILTER (WHERE l.variance <> 0),
    count(*) FILTER (WHERE l.awaiting_recount), count(*) FILTER (WHERE l.needs_approval),
    coalesce(sum(l.book) FILTER (WHERE l.physical_count IS NOT NULL), 0), coalesce(sum(l.variance), 0),
    coalesce(sum(abs(l.variance)), 0), coalesce(sum(l.value), 0), coalesce(sum(abs(l.value)), 0),
    (
      SELECT count(*)
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
        AND (%(listed_in)s::bigint IS NULL OR EXISTS (SELECT FROM stocktakes_stocktakelisting s
          WHERE s.tenant_id = %(tenant)s AND s.stock_take_id = %(listed_in)s AND s.variation_id = b.variation_id))
        AND NOT EXISTS (SELECT FROM stocktakes_stocktakeitem i WHERE i.tenant_id = %(tenant)s
          AND i.stock_take_id = %(stock_take_id)s AND i.batch_id = b.id AND i.physical_count IS NOT NULL OFFSET 0)
    )
FROM listed l
