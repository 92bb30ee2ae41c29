-- Writes many ledger lines and their balances in two statements. The caller holds the stock items of every batch named
-- and has decided that each line may post; this numbers the lines of each batch, carries the balance and the chain of
-- hashes along them, and moves the heads. Lines of one batch post in the order given.
--
-- Here and in all that follows, OFFSET 0 and sub-selects keep a look-up a look-up, whatever the planner knows of the tables:
-- plans are kept, and one made when a shop had posted once would read all its operations for each sale.
--
-- When a line happened: at its own moment in p_occurred_ats (NULL: none of them has one), else when its operation was dated
-- back to, else p_now, which was read under the lock. An operation that waited for the lock happened when it had it: a
-- shelf that was counted meanwhile was counted before.
CREATE OR REPLACE FUNCTION lk.write_lines(
  p_tenant bigint, p_now timestamptz, p_operations bigint[], p_lines integer[], p_batches bigint[],
  p_quantities numeric[], p_kinds text[], p_amendments text[], p_occurred_ats timestamptz[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET work_mem = '64MB' AS $$
BEGIN
  INSERT INTO stock_movement (tenant_id, batch_id, version, prev_version, outlet_id, variation_id, operation_id,
      operation_digest, line, movement_type, quantity, balance_before, balance_after, unit_cost, amendment, occurred_at,
      recorded_at, prev_hash)
    SELECT p_tenant, n.batch_id, n.version, nullif(n.version - 1, 0), n.outlet_id, n.variation_id, n.operation_id,
        n.digest, n.line, n.kind, n.quantity, n.balance_after - n.quantity, n.balance_after, n.unit_cost, n.amendment,
        n.occurred_at, p_now,
        -- The hash of the line before: the running hash up to there. A batch's last line needs none computed here.
        coalesce(lk.chain(n.start_hash, lk.line_content(p_tenant, n.batch_id, n.version, n.digest, n.line, n.kind,
            n.quantity, n.balance_after, n.unit_cost, n.amendment, n.occurred_at, p_now))
          OVER (PARTITION BY n.batch_id ORDER BY n.position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), n.start_hash)
      FROM (
        SELECT u.position, u.batch_id, u.operation_id, u.line, u.quantity, u.kind, u.amendment, b.outlet_id, b.variation_id,
            b.unit_cost, coalesce(b.head_hash, b.genesis_hash) AS start_hash, o.digest,
            coalesce(u.occurred_at, CASE WHEN o.occurred_at = o.recorded_at THEN p_now ELSE o.occurred_at END)
              AS occurred_at,
            b.version + (row_number() OVER w)::integer AS version,
            b.quantity + sum(u.quantity) OVER w AS balance_after
          FROM unnest(p_operations, p_lines, p_batches, p_quantities, p_kinds, p_amendments, p_occurred_ats)
              WITH ORDINALITY AS u (operation_id, line, batch_id, quantity, kind, amendment, occurred_at, position)
            CROSS JOIN LATERAL (SELECT b.* FROM stock_batch b WHERE b.tenant_id = p_tenant AND b.id = u.batch_id OFFSET 0) b
            CROSS JOIN LATERAL (SELECT o.digest, o.occurred_at, o.recorded_at FROM stock_operation o
              WHERE o.tenant_id = p_tenant AND o.id = u.operation_id OFFSET 0) o
          WINDOW w AS (PARTITION BY u.batch_id ORDER BY u.position ROWS UNBOUNDED PRECEDING)
      ) n;
  UPDATE stock_batch b
    SET (quantity, version, head_hash) = (
      SELECT m.balance_after, m.version, m.hash FROM stock_movement m
        -- The moment is named so that no index makes this read the batch's whole history (0.2 ms a batch).
        WHERE m.tenant_id = p_tenant AND m.batch_id = b.id AND m.recorded_at = p_now
        ORDER BY m.version DESC LIMIT 1)
    WHERE b.tenant_id = p_tenant AND b.id = ANY (p_batches);
END $$;
