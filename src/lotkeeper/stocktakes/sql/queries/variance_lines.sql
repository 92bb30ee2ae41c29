-- The lines of a stock take, what differs most in money first. Until it is posted each line is compared with the book as it
-- is now known for the moment of counting; after that, with what was posted.
--
-- MATERIALIZED and OFFSET 0: each line is looked up once, by keys that are columns (an expression of several tables leads
-- to no index under row-level security), so that a plan made when the tables were small does little harm: before, 500 lines
-- on tables never analyzed took 22 s.
WITH lines AS MATERIALIZED (
  SELECT i.*, b.id AS known_batch_id, b.batch_number, b.expiry_date, coalesce(b.unit_cost, i.found_unit_cost) AS unit_cost,
      b.quantity AS on_hand, b.version AS last_version
    FROM stocktakes_stocktakeitem i
      LEFT JOIN LATERAL (
        SELECT b.id, b.batch_number, b.expiry_date, b.unit_cost, b.quantity, b.version
          FROM stock_batch b WHERE b.tenant_id = %(tenant)s AND b.id = i.batch_id
        UNION ALL
        (SELECT b.id, b.batch_number, b.expiry_date, b.unit_cost, b.quantity, b.version
          FROM stock_batch b
          WHERE i.batch_id IS NULL AND b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s
            AND b.variation_id = i.variation_id AND b.batch_number = i.found_number
            AND b.expiry_date IS NOT DISTINCT FROM i.found_expiry_date
          ORDER BY b.in_stock DESC, b.id LIMIT 1)
        OFFSET 0
      ) b ON true
    WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s
      AND (%(item_ids)s::bigint[] IS NULL OR i.id = ANY (%(item_ids)s))
), compared AS MATERIALIZED (
  SELECT l.*, coalesce(l.system_count, k.quantity, 0) AS book, coalesce(l.system_version, k.version, 0) AS book_version,
      CASE WHEN l.system_count IS NULL THEN coalesce(k.moved_since, 0) END AS moved_since,
      CASE WHEN l.system_count IS NULL THEN coalesce(k.lines_since, 0) END AS lines_since,
      CASE WHEN l.system_count IS NULL THEN coalesce(k.entered_late, 0) END AS entered_late,
      l.superseded OR (l.system_count IS NULL AND EXISTS (SELECT FROM stock_count c
        WHERE c.tenant_id = %(tenant)s AND c.batch_id = l.known_batch_id AND c.counted_at > l.counted_at
          AND NOT lk.is_reversed(%(tenant)s, c.operation_id))) AS is_superseded
    FROM lines l
      LEFT JOIN LATERAL lk.book_at(%(tenant)s, l.known_batch_id, l.on_hand, l.last_version, l.counted_at) k
        ON l.known_batch_id IS NOT NULL AND l.system_count IS NULL
), valued AS (
  SELECT c.*, c.physical_count - c.book AS difference, round((c.physical_count - c.book) * c.unit_cost, 4) AS value,
      coalesce(abs(round((c.physical_count - c.book) * c.unit_cost, 4)), 0) AS size,
      NOT c.is_superseded AND (abs(c.physical_count - c.book) > %(tolerance_units)s::numeric
        OR abs((c.physical_count - c.book) * c.unit_cost) > %(tolerance_value)s::numeric) IS TRUE AS beyond_tolerance,
      o.disagreement, a.apart
    FROM compared c
      CROSS JOIN LATERAL (
        -- Two who count the same place find the same difference, whatever was sold between them; if not, one of them erred.
        SELECT coalesce(bool_or(s.differ), false) AS disagreement, min(s.latest_at) AS first_at, max(s.latest_at) AS last_at
        FROM (
          SELECT count(DISTINCT o.quantity - o.book) > 1 AS differ, max(o.counted_at) AS latest_at
          FROM stocktakes_stocktakeobservation o
          WHERE o.tenant_id = %(tenant)s AND o.item_id = c.id AND o.round = c.round AND NOT o.assumed
          GROUP BY o.place
        ) s
      ) o
      CROSS JOIN LATERAL (
        -- What moved between the counts of two places of one batch may have been counted twice, or not at all: the places
        -- do not add up to a shelf of any moment. No goods move when a count is posted.
        SELECT coalesce(sum(abs(m.quantity)), 0) AS apart
        FROM stock_movement m
        WHERE o.first_at < o.last_at AND m.tenant_id = %(tenant)s AND m.batch_id = c.known_batch_id
          AND m.recorded_at > o.first_at - interval '1 hour' AND m.occurred_at > o.first_at AND m.occurred_at <= o.last_at
          AND NOT EXISTS (SELECT FROM stock_count n
            WHERE n.tenant_id = %(tenant)s AND n.operation_id = m.operation_id AND n.batch_id = m.batch_id)
      ) a
), judged AS (
  SELECT v.*, NOT v.is_superseded AND (v.beyond_tolerance OR v.apart > 0)
      AND v.approved_variance IS DISTINCT FROM v.difference AS needs_approval
    FROM valued v
), wanted AS MATERIALIZED (
  SELECT d.* FROM judged d
    WHERE (NOT %(only_differences)s OR d.difference <> 0)
      AND (NOT %(only_unapproved)s OR d.needs_approval)
      AND (%(after_size)s::numeric IS NULL OR (d.size, d.id) {beyond} (%(after_size)s::numeric, %(after_id)s::bigint))
    ORDER BY d.size {order}, d.id {order}
    LIMIT %(limit)s
)
SELECT d.id, d.known_batch_id, d.variation_id, v.sku, p.name, v.name, v.unit, v.quantity_decimals,
    coalesce(d.batch_number, d.found_number), coalesce(d.expiry_date, d.found_expiry_date), d.batch_id IS NULL,
    d.round, d.awaiting_recount, d.physical_count, d.counted_at, d.book, d.book_version, d.difference, d.unit_cost,
    d.value, d.size, d.variance_reason, d.moved_since, d.lines_since, d.entered_late, d.is_superseded,
    d.beyond_tolerance, d.approved_by_id, d.approved_at, d.needs_approval, d.disagreement, d.apart
FROM wanted d
CROSS JOIN LATERAL (
  SELECT v.sku, v.product_id, v.name, v.unit, v.quantity_decimals FROM catalog_itemvariation v
    WHERE v.tenant_id = %(tenant)s AND v.id = d.variation_id OFFSET 0
) v
CROSS JOIN LATERAL (
  SELECT p.name FROM catalog_product p WHERE p.tenant_id = %(tenant)s AND p.id = v.product_id OFFSET 0
) p
ORDER BY d.size {order}, d.id {order}
