-- Many operations whose lines name their batch, or describe one that arrives: receipts, returns, write-offs,
-- adjustments, counts, reversals. Each operation is accepted or refused by itself, all its lines or none. A line has
-- either a batch, or (outlet, variation, number, expiry, cost) of a batch to find or make. Whether a batch may be sold is
-- not asked here: what expired can always be written off.
CREATE OR REPLACE FUNCTION lk.post_many(
  p_tenant bigint, p_user bigint, p_token bigint, p_channel text, p_operation_kind text,
  p_references text[], p_fingerprints bytea[], p_reasons text[], p_notes text[], p_occurred_ats timestamptz[],
  p_refers_to bigint[], p_of integer[], p_lines integer[], p_kinds text[], p_quantities numeric[], p_batches bigint[],
  p_outlets bigint[], p_variations bigint[], p_numbers text[], p_expiries date[], p_costs numeric[],
  p_received_ats timestamptz[], p_brief boolean
) RETURNS TABLE (status text, operation_id bigint, response jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  v_operations bigint[];
  v_refusals jsonb[];
  v_batches bigint[] := p_batches;
  v_now timestamptz;
  v_rest numeric[];
  v_refused jsonb;
  v_contender record;
  v_take record;
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  v_operations := lk.open_operations(p_tenant, array_fill(p_user, ARRAY[cardinality(p_fingerprints)]),
    array_fill(p_token, ARRAY[cardinality(p_fingerprints)]), array_fill(p_channel, ARRAY[cardinality(p_fingerprints)]),
    p_operation_kind, p_references, p_fingerprints, p_reasons, p_notes, p_occurred_ats, p_refers_to);
  v_refusals := array_fill(NULL::jsonb, ARRAY[cardinality(v_operations)]);

  -- Items that arrive for the first time are made, in the order in which they are locked.
  INSERT INTO stock_item (tenant_id, outlet_id, variation_id, reserved)
    SELECT DISTINCT p_tenant, u.outlet_id, u.variation_id, 0
      FROM unnest(p_of, p_batches, p_outlets, p_variations) AS u (of, batch_id, outlet_id, variation_id)
      WHERE u.batch_id IS NULL AND v_operations[u.of] IS NOT NULL AND NOT EXISTS (
        SELECT FROM stock_item i
          WHERE i.tenant_id = p_tenant AND i.outlet_id = u.outlet_id AND i.variation_id = u.variation_id)
      ORDER BY u.outlet_id, u.variation_id
    ON CONFLICT DO NOTHING;
  PERFORM 1 FROM stock_item i
    WHERE i.tenant_id = p_tenant AND (i.outlet_id, i.variation_id) IN (
      SELECT u.outlet_id, u.variation_id
        FROM unnest(p_of, p_batches, p_outlets, p_variations) AS u (of, batch_id, outlet_id, variation_id)
        WHERE u.batch_id IS NULL AND v_operations[u.of] IS NOT NULL
      UNION
      SELECT b.outlet_id, b.variation_id
        FROM (SELECT DISTINCT id FROM unnest(p_batches) AS u (id)) n
          -- OFFSET 0: looked up one by one, whatever the planner knows of the tables.
          CROSS JOIN LATERAL (SELECT b.outlet_id, b.variation_id FROM stock_batch b
            WHERE b.tenant_id = p_tenant AND b.id = n.id OFFSET 0) b)
    ORDER BY i.outlet_id, i.variation_id FOR NO KEY UPDATE;
  v_now := lk.clock();

  IF array_position(p_batches, NULL) IS NOT NULL THEN
    INSERT INTO stock_batch (tenant_id, outlet_id, variation_id, batch_number, expiry_date, unit_cost, received_at,
        status, quantity, version, genesis_hash)
      SELECT p_tenant, u.outlet_id, u.variation_id, u.number, u.expiry, u.cost,
          coalesce(min(u.received_at), v_now), 'available', 0, 0, ''
        FROM unnest(p_of, p_batches, p_outlets, p_variations, p_numbers, p_expiries, p_costs, p_received_ats)
          WITH ORDINALITY AS u (of, batch_id, outlet_id, variation_id, number, expiry, cost, received_at, position)
        WHERE u.batch_id IS NULL AND v_operations[u.of] IS NOT NULL
        GROUP BY u.outlet_id, u.variation_id, u.number, u.expiry, u.cost
        ORDER BY min(u.position)
      ON CONFLICT (tenant_id, outlet_id, variation_id, batch_number, expiry_date, unit_cost) DO NOTHING;
    SELECT array_agg(coalesce(u.batch_id, b.id) ORDER BY u.position) INTO v_batches
      FROM unnest(p_batches, p_outlets, p_variations, p_numbers, p_expiries, p_costs)
          WITH ORDINALITY AS u (batch_id, outlet_id, variation_id, number, expiry, cost, position)
        LEFT JOIN stock_batch b ON u.batch_id IS NULL AND b.tenant_id = p_tenant AND b.outlet_id = u.outlet_id
          AND b.variation_id = u.variation_id AND b.batch_number = u.number
          AND b.expiry_date IS NOT DISTINCT FROM u.expiry AND b.unit_cost IS NOT DISTINCT FROM u.cost;
  END IF;

  -- Unknown or archived batches and wrong precision refuse their operation, with the line.
  FOR v_contender IN
    SELECT u.of, jsonb_agg(jsonb_build_object('line', u.line, 'batch_id', u.batch_id,
          'variation_id', coalesce(b.variation_id, u.variation_id), 'quantity_decimals', v.quantity_decimals)
          ORDER BY u.line) AS lines,
        min(CASE WHEN b.id IS NULL THEN 'not_found' WHEN b.status = 'archived' THEN 'archived' ELSE 'too_precise' END) AS code
      FROM unnest(p_of, p_lines, v_batches, p_variations, p_quantities)
          AS u (of, line, batch_id, variation_id, quantity)
        LEFT JOIN stock_batch b ON b.tenant_id = p_tenant AND b.id = u.batch_id
        LEFT JOIN catalog_itemvariation v ON v.tenant_id = p_tenant AND v.id = b.variation_id
      WHERE v_operations[u.of] IS NOT NULL
        AND (b.id IS NULL OR b.status = 'archived' OR u.quantity <> round(u.quantity, v.quantity_decimals))
      GROUP BY u.of
  LOOP
    v_refusals[v_contender.of] := jsonb_build_object('code', v_contender.code, 'lines', v_contender.lines);
  END LOOP;

  -- What is reversed or comes back must have gone, and not have come back already.
  FOR v_contender IN
    WITH asked AS (
      SELECT u.of, p_refers_to[u.of] AS origin, u.batch_id, min(u.line) AS line, sum(u.quantity) AS quantity
        FROM unnest(p_of, p_lines, v_batches, p_quantities) AS u (of, line, batch_id, quantity)
        WHERE v_operations[u.of] IS NOT NULL AND v_refusals[u.of] IS NULL AND p_refers_to[u.of] IS NOT NULL
        GROUP BY u.of, u.batch_id
    ), judged AS (
      SELECT a.of, a.line, a.batch_id, a.quantity, s.moved,
          s.moved + s.referring + sum(a.quantity) OVER (PARTITION BY a.origin, a.batch_id ORDER BY a.of) AS left_over
        FROM asked a CROSS JOIN LATERAL (
          SELECT coalesce(sum(m.quantity) FILTER (WHERE o.id = a.origin), 0) AS moved,
              coalesce(sum(m.quantity) FILTER (WHERE o.id <> a.origin), 0) AS referring
            FROM (
              SELECT a.origin AS id
              UNION ALL
              SELECT o.id FROM stock_operation o WHERE o.tenant_id = p_tenant AND o.refers_to_id = a.origin
              UNION ALL
              -- A return that was reversed itself is out with the customer again.
              SELECT r.id FROM stock_operation o JOIN stock_operation r ON r.tenant_id = p_tenant AND r.refers_to_id = o.id
                WHERE o.tenant_id = p_tenant AND o.refers_to_id = a.origin
            ) o
              CROSS JOIN LATERAL (SELECT m.quantity FROM stock_movement m
                WHERE m.tenant_id = p_tenant AND m.operation_id = o.id AND m.batch_id = a.batch_id OFFSET 0) m
        ) s
    )
    SELECT j.of, jsonb_agg(jsonb_build_object('line', j.line, 'batch_id', j.batch_id,
        'needed', trim_scale(abs(j.quantity)),
        'available', trim_scale(greatest(abs(j.quantity) - abs(j.left_over), 0))) ORDER BY j.line) AS lines
      FROM judged j WHERE j.left_over * sign(j.moved) < 0 OR j.moved = 0
      GROUP BY j.of
  LOOP
    v_refusals[v_contender.of] := jsonb_build_object('code', 'exceeds_original', 'lines', v_contender.lines);
  END LOOP;

  -- Batches that would go below zero somewhere along the call: their operations are looked at in order of arrival.
  FOR v_contender IN
    WITH asked AS (
      SELECT u.of, u.line, u.batch_id, u.quantity, u.position
        FROM unnest(p_of, p_lines, v_batches, p_quantities)
          WITH ORDINALITY AS u (of, line, batch_id, quantity, position)
        WHERE v_operations[u.of] IS NOT NULL AND v_refusals[u.of] IS NULL
    ), running AS (
      SELECT a.batch_id, min(a.moved) AS lowest
        FROM (
          SELECT batch_id, sum(quantity) OVER (PARTITION BY batch_id ORDER BY position ROWS UNBOUNDED PRECEDING) AS moved
            FROM asked
        ) a
        GROUP BY a.batch_id
    ), scarce AS MATERIALIZED (
      SELECT r.batch_id, b.variation_id, b.quantity AS free, row_number() OVER () AS number
        FROM running r
          CROSS JOIN LATERAL (SELECT b.variation_id, b.quantity FROM stock_batch b
            WHERE b.tenant_id = p_tenant AND b.id = r.batch_id OFFSET 0) b
        WHERE b.quantity + r.lowest < 0
    )
    SELECT a.of, array_agg(s.number ORDER BY a.position) AS numbers, array_agg(s.free ORDER BY a.position) AS free,
        array_agg(a.quantity ORDER BY a.position) AS quantities, array_agg(a.batch_id ORDER BY a.position) AS batches,
        array_agg(a.line ORDER BY a.position) AS lines, array_agg(s.variation_id ORDER BY a.position) AS variations
      FROM asked a JOIN scarce s USING (batch_id)
      GROUP BY a.of ORDER BY a.of
  LOOP
    v_refused := NULL;
    FOR i IN 1 .. cardinality(v_contender.numbers) LOOP
      v_rest[v_contender.numbers[i]] := coalesce(v_rest[v_contender.numbers[i]], v_contender.free[i])
        + v_contender.quantities[i];
      IF v_rest[v_contender.numbers[i]] < 0 THEN
        v_refused := coalesce(v_refused, '[]') || jsonb_build_object('line', v_contender.lines[i],
          'variation_id', v_contender.variations[i], 'batch_id', v_contender.batches[i],
          'needed', trim_scale(-v_contender.quantities[i]),
          'available', trim_scale(greatest(v_rest[v_contender.numbers[i]] - v_contender.quantities[i], 0)));
      END IF;
    END LOOP;
    IF v_refused IS NOT NULL THEN
      FOR i IN 1 .. cardinality(v_contender.numbers) LOOP
        v_rest[v_contender.numbers[i]] := v_rest[v_contender.numbers[i]] - v_contender.quantities[i];
      END LOOP;
      v_refusals[v_contender.of] := jsonb_build_object('code', 'insufficient_stock', 'lines', v_refused);
    END IF;
  END LOOP;

  SELECT array_agg(v_operations[u.of] ORDER BY u.position) AS operations, array_agg(u.line ORDER BY u.position) AS lines,
      array_agg(u.batch_id ORDER BY u.position) AS batches, array_agg(u.quantity ORDER BY u.position) AS quantities,
      array_agg(u.kind ORDER BY u.position) AS kinds,
      -- No goods moved when a count was posted, and none do when it is reversed: as of then it never was.
      array_agg(CASE WHEN u.kind = 'reversal' THEN (SELECT c.counted_at FROM stock_count c
          WHERE c.tenant_id = p_tenant AND c.operation_id = p_refers_to[u.of] AND c.batch_id = u.batch_id) END
        ORDER BY u.position) AS occurred_ats
    INTO v_take
    FROM unnest(p_of, p_lines, v_batches, p_quantities, p_kinds)
      WITH ORDINALITY AS u (of, line, batch_id, quantity, kind, position)
    WHERE v_operations[u.of] IS NOT NULL AND v_refusals[u.of] IS NULL;
  IF v_take.batches IS NOT NULL THEN
    PERFORM lk.write_lines(p_tenant, v_now, v_take.operations, v_take.lines, v_take.batches, v_take.quantities,
      v_take.kinds, array_fill(''::text, ARRAY[cardinality(v_take.batches)]), v_take.occurred_ats);
  END IF;
  RETURN QUERY SELECT * FROM lk.close_operations(p_tenant, v_operations, p_references, p_fingerprints, v_refusals,
    NULL, p_brief);
END $$;
