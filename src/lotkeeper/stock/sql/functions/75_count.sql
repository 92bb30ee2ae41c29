-- Posts what was counted on the shelves of one outlet as one operation: for each batch the difference between what was
-- counted and what the book said at the moment of counting. What was sold before or after does not matter. The difference
-- is decided here, under the locks, so that an entry that arrives late is either in the book of that moment or finds the
-- count posted, and holds it up (lk.hold_counts).
--
-- A line names its batch, or describes one that the book does not know (NULL batch; variation, number, expiry, cost): the
-- batch of that number and expiry, else a new one. A batch of which a later count was posted, and not reversed since, is
-- left alone: that count knew more.
CREATE OR REPLACE FUNCTION lk.post_counts(
  p_tenant bigint, p_user bigint, p_token bigint, p_channel text, p_reference text, p_fingerprint bytea, p_reason text,
  p_note text, p_outlet bigint, p_batches bigint[], p_counted numeric[], p_counted_ats timestamptz[],
  p_variations bigint[], p_numbers text[], p_expiries date[], p_costs numeric[], p_refers_to bigint
) RETURNS TABLE (operation_id bigint, line integer, batch_id bigint, book numeric, version integer, variance numeric,
  superseded boolean) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  v_operation bigint;
  v_batches bigint[] := p_batches;
  v_now timestamptz;
  v_judged record;
  v_moving record;
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  v_operation := (lk.open_operations(p_tenant, ARRAY[p_user], ARRAY[p_token], ARRAY[p_channel], 'stock_take',
    ARRAY[p_reference], ARRAY[p_fingerprint], ARRAY[p_reason], ARRAY[p_note], ARRAY[NULL::timestamptz],
    ARRAY[p_refers_to]))[1];
  IF v_operation IS NULL THEN
    RAISE EXCEPTION 'reference used before' USING ERRCODE = 'LK422', DETAIL = jsonb_build_object('reference_id', p_reference);
  END IF;

  INSERT INTO stock_item (tenant_id, outlet_id, variation_id, reserved)
    SELECT DISTINCT p_tenant, p_outlet, u.variation_id, 0
      FROM unnest(p_batches, p_variations) AS u (batch_id, variation_id)
      WHERE u.batch_id IS NULL AND NOT EXISTS (SELECT FROM stock_item i
        WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = u.variation_id)
      ORDER BY u.variation_id
    ON CONFLICT DO NOTHING;
  PERFORM 1 FROM stock_item i
    WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id IN (
      SELECT u.variation_id FROM unnest(p_batches, p_variations) AS u (batch_id, variation_id) WHERE u.batch_id IS NULL
      UNION
      SELECT b.variation_id FROM (SELECT DISTINCT id FROM unnest(p_batches) AS u (id)) n
        CROSS JOIN LATERAL (SELECT b.variation_id FROM stock_batch b
          WHERE b.tenant_id = p_tenant AND b.id = n.id OFFSET 0) b)
    ORDER BY i.variation_id FOR NO KEY UPDATE;
  v_now := lk.clock();

  IF array_position(p_batches, NULL) IS NOT NULL THEN
    -- A batch that was found may have been entered since; its cost is then known better than the counter knew it.
    INSERT INTO stock_batch (tenant_id, outlet_id, variation_id, batch_number, expiry_date, unit_cost, received_at,
        status, quantity, version, genesis_hash)
      SELECT p_tenant, p_outlet, u.variation_id, u.number, u.expiry, u.cost, u.counted_at, 'available', 0, 0, ''
        FROM unnest(p_batches, p_variations, p_numbers, p_expiries, p_costs, p_counted_ats)
          WITH ORDINALITY AS u (batch_id, variation_id, number, expiry, cost, counted_at, line)
        WHERE u.batch_id IS NULL AND NOT EXISTS (SELECT FROM stock_batch b
          WHERE b.tenant_id = p_tenant AND b.outlet_id = p_outlet AND b.variation_id = u.variation_id
            AND b.batch_number = u.number AND b.expiry_date IS NOT DISTINCT FROM u.expiry)
        ORDER BY u.line;
    SELECT array_agg(coalesce(u.batch_id, b.id) ORDER BY u.line) INTO v_batches
      FROM unnest(p_batches, p_variations, p_numbers, p_expiries)
          WITH ORDINALITY AS u (batch_id, variation_id, number, expiry, line)
        LEFT JOIN LATERAL (SELECT b.id FROM stock_batch b
          WHERE u.batch_id IS NULL AND b.tenant_id = p_tenant AND b.outlet_id = p_outlet
            AND b.variation_id = u.variation_id AND b.batch_number = u.number
            AND b.expiry_date IS NOT DISTINCT FROM u.expiry
          ORDER BY b.in_stock DESC, b.id LIMIT 1) b ON true;
  END IF;

  SELECT array_agg(k.quantity ORDER BY u.line) AS books, array_agg(k.version ORDER BY u.line) AS versions,
      array_agg(b.version ORDER BY u.line) AS last_versions,
      array_agg(later.batch_id IS NOT NULL ORDER BY u.line) AS superseded,
      min(u.line) FILTER (WHERE b.id IS NULL) AS unknown,
      jsonb_agg(jsonb_build_object('line', u.line, 'batch_id', u.batch_id, 'quantity_decimals', v.quantity_decimals)
        ORDER BY u.line) FILTER (WHERE u.counted <> round(u.counted, v.quantity_decimals)) AS too_precise,
      min(u.batch_id) FILTER (WHERE later.batch_id IS NULL AND b.status = 'archived' AND u.counted <> k.quantity) AS archived,
      jsonb_agg(jsonb_build_object('line', u.line, 'batch_id', u.batch_id, 'counted', trim_scale(u.counted),
          'book', trim_scale(k.quantity), 'on_hand', trim_scale(b.quantity)) ORDER BY u.line)
        FILTER (WHERE later.batch_id IS NULL AND b.quantity + u.counted - k.quantity < 0) AS outrun,
      (SELECT jsonb_agg(d.id) FROM (SELECT id FROM unnest(v_batches) AS n (id) GROUP BY id HAVING count(*) > 1) d) AS twice
    INTO v_judged
    FROM unnest(v_batches, p_counted, p_counted_ats) WITH ORDINALITY AS u (batch_id, counted, counted_at, line)
      -- OFFSET 0: looked up one by one, whatever the planner knows of the tables.
      LEFT JOIN LATERAL (SELECT b.id, b.variation_id, b.quantity, b.version, b.status FROM stock_batch b
        WHERE b.tenant_id = p_tenant AND b.id = u.batch_id AND b.outlet_id = p_outlet OFFSET 0) b ON true
      LEFT JOIN LATERAL (SELECT v.quantity_decimals FROM catalog_itemvariation v
        WHERE v.tenant_id = p_tenant AND v.id = b.variation_id OFFSET 0) v ON true
      CROSS JOIN LATERAL lk.book_at(p_tenant, b.id, b.quantity, b.version, u.counted_at) k
      LEFT JOIN LATERAL (SELECT c.batch_id FROM stock_count c
        WHERE c.tenant_id = p_tenant AND c.batch_id = u.batch_id AND c.counted_at > u.counted_at
          AND NOT lk.is_reversed(p_tenant, c.operation_id) LIMIT 1) later ON true;
  IF v_judged.unknown IS NOT NULL THEN
    RAISE EXCEPTION 'unknown batch' USING ERRCODE = 'LK404', DETAIL = jsonb_build_object('what', 'batch',
      'batch_id', v_batches[v_judged.unknown], 'line', v_judged.unknown);
  ELSIF v_judged.too_precise IS NOT NULL THEN
    RAISE EXCEPTION 'too precise' USING ERRCODE = 'LK400', DETAIL = v_judged.too_precise -> 0;
  ELSIF v_judged.archived IS NOT NULL THEN
    RAISE EXCEPTION 'archived' USING ERRCODE = 'LK412', DETAIL = jsonb_build_object('batch_id', v_judged.archived);
  ELSIF v_judged.twice IS NOT NULL THEN
    RAISE EXCEPTION 'counted twice' USING ERRCODE = 'LK416', DETAIL = jsonb_build_object('batch_ids', v_judged.twice);
  ELSIF v_judged.outrun IS NOT NULL THEN
    RAISE EXCEPTION 'sold since' USING ERRCODE = 'LK415', DETAIL = jsonb_build_object('lines', v_judged.outrun);
  END IF;

  SELECT array_agg(u.line::integer ORDER BY u.line) AS lines, array_agg(u.batch_id ORDER BY u.line) AS batches,
      array_agg(u.counted - u.book ORDER BY u.line) AS quantities, array_agg(u.counted_at ORDER BY u.line) AS counted_ats
    INTO v_moving
    FROM unnest(v_batches, p_counted, p_counted_ats, v_judged.books, v_judged.superseded)
      WITH ORDINALITY AS u (batch_id, counted, counted_at, book, superseded, line)
    WHERE NOT u.superseded AND u.counted <> u.book;
  IF v_moving.batches IS NOT NULL THEN
    PERFORM lk.write_lines(p_tenant, v_now, array_fill(v_operation, ARRAY[cardinality(v_moving.batches)]), v_moving.lines,
      v_moving.batches, v_moving.quantities, array_fill('adjustment'::text, ARRAY[cardinality(v_moving.batches)]),
      array_fill(''::text, ARRAY[cardinality(v_moving.batches)]), v_moving.counted_ats);
  END IF;
  INSERT INTO stock_count (tenant_id, operation_id, batch_id, line, counted, book, version, counted_at,
      last_version)
    SELECT p_tenant, v_operation, u.batch_id, u.line, u.counted, u.book, u.version, u.counted_at, u.last_version
      FROM unnest(v_batches, p_counted, p_counted_ats, v_judged.books, v_judged.versions, v_judged.last_versions,
          v_judged.superseded)
        WITH ORDINALITY AS u (batch_id, counted, counted_at, book, version, last_version, superseded, line)
      WHERE NOT u.superseded
      ORDER BY u.line;
  UPDATE stock_operation
    SET response = jsonb_build_object('operation_id', v_operation,
        'counts', (SELECT count(*) FROM unnest(v_judged.superseded) AS u (superseded) WHERE NOT u.superseded)),
      line_count = coalesce(cardinality(v_moving.batches), 0)
    WHERE tenant_id = p_tenant AND id = v_operation;
  RETURN QUERY
    SELECT v_operation, u.line::integer, u.batch_id, u.book, u.version, u.counted - u.book, u.superseded
      FROM unnest(v_batches, p_counted, v_judged.books, v_judged.versions, v_judged.superseded)
        WITH ORDINALITY AS u (batch_id, counted, book, version, superseded, line)
      ORDER BY u.line;
END $$;
