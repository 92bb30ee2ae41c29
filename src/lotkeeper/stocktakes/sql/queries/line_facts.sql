-- What is known around counted lines that differ from the book, a row for each: how far counts of one place are apart,
-- what was sold of the batch and of those beside it that nobody counted, packs, what brought or corrected stock under the
-- same number, and what is on its way here.
WITH counts AS NOT MATERIALIZED (
  -- What was undone was no count.
  SELECT c.batch_id, c.counted_at, c.last_version
    FROM stock_count c
    WHERE c.tenant_id = %(tenant)s AND NOT EXISTS (SELECT FROM stock_operation r
      WHERE r.tenant_id = %(tenant)s AND r.refers_to_id = c.operation_id AND r.kind = 'reversal')
)
SELECT u.item_id, o.zone, coalesce(x.apart, 0), s.sold, k.packs, g.moved, t.in_transit
FROM unnest(%(item_ids)s::bigint[], %(batch_ids)s::bigint[], %(variation_ids)s::bigint[], %(numbers)s::text[],
  %(counted_ats)s::timestamptz[]) AS u (item_id, batch_id, variation_id, number, counted_at)
CROSS JOIN (SELECT timezone AS zone FROM outlets_outlet WHERE tenant_id = %(tenant)s AND id = %(outlet_id)s) o
CROSS JOIN LATERAL (SELECT u.counted_at - %(looking_back)s::interval AS since) w
CROSS JOIN LATERAL (
  SELECT max(d.apart) AS apart
  FROM (
    SELECT max(ob.quantity - ob.book) - min(ob.quantity - ob.book) AS apart
    FROM stocktakes_stocktakeitem i
    JOIN stocktakes_stocktakeobservation ob ON ob.tenant_id = %(tenant)s AND ob.item_id = i.id AND ob.round = i.round
    WHERE i.tenant_id = %(tenant)s AND i.id = u.item_id
    GROUP BY ob.place
  ) d
) x
CROSS JOIN LATERAL (
  -- The batch itself, and those beside it that nobody counted.
  SELECT coalesce(jsonb_agg(jsonb_build_array(b.id, b.batch_number, coalesce(s.sold, 0),
      b.id IS NOT DISTINCT FROM u.batch_id) ORDER BY s.sold DESC NULLS LAST, b.id), '[]') AS sold
  FROM stock_batch b
  CROSS JOIN LATERAL (
    SELECT -sum(m.quantity) AS sold
    FROM stock_movement m
    WHERE m.tenant_id = %(tenant)s AND m.batch_id = b.id AND m.movement_type = 'sale' AND m.occurred_at <= u.counted_at
      AND m.recorded_at > greatest(w.since, (SELECT max(c.counted_at) FROM counts c WHERE c.batch_id = b.id))
  ) s
  WHERE b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s AND b.variation_id = u.variation_id
    AND (b.id = u.batch_id OR (b.in_stock AND NOT EXISTS (SELECT FROM stocktakes_stocktakeitem i
      WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.batch_id = b.id
        AND i.physical_count IS NOT NULL)))
) s
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_agg(jsonb_build_array(c.name, c.factor) ORDER BY c.factor, c.id), '[]') AS packs
  FROM catalog_pack c WHERE c.tenant_id = %(tenant)s AND c.variation_id = u.variation_id
) k
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_agg(jsonb_build_array(m.operation_id, m.movement_type, m.quantity, m.occurred_at,
      m.batch_id IS NOT DISTINCT FROM u.batch_id, EXISTS (SELECT FROM counts c
        WHERE c.batch_id = m.batch_id AND c.last_version >= m.version AND c.counted_at >= m.occurred_at))
      ORDER BY m.occurred_at, m.operation_id), '[]') AS moved
  FROM (
    SELECT m.*
    FROM stock_batch b
    CROSS JOIN LATERAL (
      SELECT m.operation_id, m.movement_type, m.quantity, m.occurred_at, m.recorded_at, m.batch_id, m.version
      FROM stock_movement m
      WHERE m.tenant_id = %(tenant)s AND m.batch_id = b.id AND m.recorded_at > w.since
        AND m.movement_type = ANY (%(kinds)s::text[])
        AND NOT EXISTS (SELECT FROM stock_operation r WHERE r.tenant_id = %(tenant)s AND r.refers_to_id = m.operation_id
          AND r.kind = 'reversal')
        -- What a count itself posted is no correction of it.
        AND NOT EXISTS (SELECT FROM stock_count c WHERE c.tenant_id = %(tenant)s AND c.operation_id = m.operation_id
          AND c.batch_id = m.batch_id)
      -- Batch by batch, whatever the planner knows of the tables.
      OFFSET 0
    ) m
    WHERE b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s AND b.variation_id = u.variation_id
      AND b.batch_number = u.number
    ORDER BY m.recorded_at DESC
    LIMIT %(most)s
  ) m
) g
CROSS JOIN LATERAL (
  SELECT coalesce(jsonb_agg(jsonb_build_array(t.id, b.batch_number, l.quantity_sent) ORDER BY t.id, l.id), '[]')
      AS in_transit
  FROM transfers_transfer t
  JOIN transfers_transferline l ON l.tenant_id = %(tenant)s AND l.transfer_id = t.id
  JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.id = l.batch_id
  WHERE t.tenant_id = %(tenant)s AND t.destination_id = %(outlet_id)s AND t.status = 'in_transit'
    AND b.variation_id = u.variation_id
) t
