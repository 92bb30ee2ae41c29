-- What was counted last stays counted. An entry that is dated before a count that was posted already (a till that was
-- offline, a delivery note found under the counter) changes what the book says of the moment of counting, but not what was
-- on the shelf then: the count had taken it for a loss or a surplus. So the count is posted once more for the batches
-- concerned, and the difference goes back. To be called in the transaction of the entry, which holds the stock items.
--
-- p_operations: what was just posted. p_since: the earliest moment that it is dated to.
CREATE OR REPLACE FUNCTION lk.hold_counts(
  p_tenant bigint, p_user bigint, p_token bigint, p_channel text, p_operations bigint[], p_since timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_count record;
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  IF NOT EXISTS (SELECT FROM stock_count c WHERE c.tenant_id = p_tenant AND c.counted_at >= p_since) THEN
    RETURN;
  END IF;
  FOR v_count IN
    SELECT l.outlet_id, coalesce(o.refers_to_id, o.id) AS origin, array_agg(c.batch_id ORDER BY c.batch_id) AS batches,
        array_agg(c.counted ORDER BY c.batch_id) AS counted, array_agg(c.counted_at ORDER BY c.batch_id) AS counted_ats
      FROM (
        SELECT m.batch_id, m.outlet_id, min(m.occurred_at) AS since
          FROM unnest(p_operations) AS u (id)
            -- OFFSET 0: looked up one by one, whatever the planner knows of the tables.
            CROSS JOIN LATERAL (SELECT m.batch_id, m.outlet_id, m.occurred_at FROM stock_movement m
              WHERE m.tenant_id = p_tenant AND m.operation_id = u.id OFFSET 0) m
          GROUP BY m.batch_id, m.outlet_id
      ) l
        CROSS JOIN LATERAL (
          SELECT c.batch_id, c.operation_id, c.counted, c.counted_at FROM stock_count c
            WHERE c.tenant_id = p_tenant AND c.batch_id = l.batch_id AND c.counted_at >= l.since
              AND NOT lk.is_reversed(p_tenant, c.operation_id)
            ORDER BY c.counted_at DESC, c.id DESC LIMIT 1
        ) c
        JOIN stock_operation o ON o.tenant_id = p_tenant AND o.id = c.operation_id
      GROUP BY l.outlet_id, coalesce(o.refers_to_id, o.id)
      ORDER BY l.outlet_id, coalesce(o.refers_to_id, o.id)
  LOOP
    PERFORM lk.post_counts(p_tenant, p_user, p_token, p_channel, NULL,
      sha256(convert_to(format('hold %s for %s', v_count.origin, p_operations), 'UTF8')),
      'Counted already: what was entered late had been missing or too many then', '', v_count.outlet_id, v_count.batches,
      v_count.counted, v_count.counted_ats, NULL, NULL, NULL, NULL, v_count.origin);
  END LOOP;
END $$;
