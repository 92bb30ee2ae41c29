-- Many operations that take stock out of one outlet by FEFO in one call, each accepted or refused by itself, all its
-- lines or none: imports, and requests that wait together. Set-based: the overlap of running demand with running supply
-- is the allocation; only operations that touch a scarce variation are looked at one by one, in order of arrival.
--
-- p_today: the date that decides what is expired; NULL means the outlet's own today. Only an import of past sales,
-- which were right on their day, passes one.
CREATE OR REPLACE FUNCTION lk.deduct_many(
  p_tenant bigint, p_users bigint[], p_tokens bigint[], p_channels text[], p_operation_kind text, p_kind text,
  p_outlet bigint,
  p_today date, p_references text[], p_fingerprints bytea[], p_reasons text[], p_notes text[],
  p_occurred_ats timestamptz[], p_of integer[], p_lines integer[], p_variations bigint[], p_quantities numeric[],
  p_brief boolean
) RETURNS TABLE (status text, operation_id bigint, response jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET work_mem = '64MB' AS $$
#variable_conflict use_column
DECLARE
  v_operations bigint[];
  v_refusals jsonb[];
  v_today date := p_today;
  v_now timestamptz;
  v_rest numeric[];
  v_contender record;
  v_short jsonb;
  v_take record;
  v_is_judged boolean := false;
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  v_operations := lk.open_operations(p_tenant, p_users, p_tokens, p_channels, p_operation_kind, p_references,
    p_fingerprints, p_reasons, p_notes, p_occurred_ats, array_fill(NULL::bigint, ARRAY[cardinality(p_fingerprints)]));
  v_refusals := array_fill(NULL::jsonb, ARRAY[cardinality(v_operations)]);

  PERFORM 1 FROM stock_item i
    WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = ANY (p_variations)
    ORDER BY i.variation_id FOR NO KEY UPDATE;
  v_now := lk.clock();
  v_today := coalesce(p_today, lk.today_at(p_tenant, p_outlet));

  -- A piece is not cut, and what the catalogue does not know is not sold.
  FOR v_contender IN
    WITH wrong AS MATERIALIZED (
      SELECT d.variation_id, v.quantity_decimals
        FROM (
          SELECT u.variation_id, max(min_scale(u.quantity)) AS decimals
            FROM unnest(p_variations, p_quantities) AS u (variation_id, quantity) GROUP BY u.variation_id
        ) d
          LEFT JOIN LATERAL (SELECT v.id, v.quantity_decimals FROM catalog_itemvariation v
            WHERE v.tenant_id = p_tenant AND v.id = d.variation_id OFFSET 0) v ON true
        WHERE v.id IS NULL OR d.decimals > v.quantity_decimals
    )
    SELECT u.of, jsonb_agg(jsonb_build_object('line', u.line, 'variation_id', u.variation_id,
          'quantity_decimals', w.quantity_decimals) ORDER BY u.line) AS lines,
        min(CASE WHEN w.quantity_decimals IS NULL THEN 'not_found' ELSE 'too_precise' END) AS code
      FROM wrong w JOIN unnest(p_of, p_lines, p_variations, p_quantities) AS u (of, line, variation_id, quantity)
        ON u.variation_id = w.variation_id
      WHERE v_operations[u.of] IS NOT NULL
        AND (w.quantity_decimals IS NULL OR min_scale(u.quantity) > w.quantity_decimals)
      GROUP BY u.of
  LOOP
    v_refusals[v_contender.of] := jsonb_build_object('code', v_contender.code, 'lines', v_contender.lines);
  END LOOP;

  LOOP
    -- As if there were enough for all.
    WITH demand AS (
      SELECT u.of, u.line, u.variation_id, sum(u.quantity) OVER w - u.quantity AS low, sum(u.quantity) OVER w AS high
        FROM unnest(p_of, p_lines, p_variations, p_quantities) AS u (of, line, variation_id, quantity)
        WHERE v_operations[u.of] IS NOT NULL AND v_refusals[u.of] IS NULL
        WINDOW w AS (PARTITION BY u.variation_id ORDER BY u.of, u.line ROWS UNBOUNDED PRECEDING)
    ), wanted AS MATERIALIZED (
      SELECT d.variation_id, d.quantity, i.reserved
        FROM (SELECT variation_id, max(high) AS quantity FROM demand GROUP BY variation_id) d
          LEFT JOIN LATERAL (SELECT i.reserved FROM stock_item i
            WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = d.variation_id OFFSET 0) i ON true
    ), supply AS MATERIALIZED (
      SELECT b.id, b.variation_id, sum(b.quantity) OVER w - b.quantity AS low, sum(b.quantity) OVER w AS high,
          sum(b.quantity) OVER (PARTITION BY b.variation_id) - d.reserved >= d.quantity AS is_plenty
        FROM wanted d
          CROSS JOIN LATERAL (SELECT p.sell_by_margin_days, coalesce(p.issue_policy, t.issue_policy) = 'fifo' AS fifo
            FROM catalog_itemvariation v
              JOIN catalog_product p ON p.tenant_id = p_tenant AND p.id = v.product_id
              JOIN accounts_tenant t ON t.id = p_tenant
            WHERE v.tenant_id = p_tenant AND v.id = d.variation_id OFFSET 0) r
          CROSS JOIN LATERAL (SELECT b.* FROM stock_batch b
            WHERE b.tenant_id = p_tenant AND b.outlet_id = p_outlet AND b.variation_id = d.variation_id AND b.in_stock
              AND lk.is_sellable(b.status, b.expiry_date, r.sell_by_margin_days, v_today) OFFSET 0) b
        WINDOW w AS (PARTITION BY b.variation_id ORDER BY lk.use_order(r.fifo, b.expiry_date), b.received_at, b.id
          ROWS UNBOUNDED PRECEDING)
    )
    SELECT array_agg(v_operations[d.of] ORDER BY d.of, d.line, d.from_low) AS operations,
        array_agg(d.line ORDER BY d.of, d.line, d.from_low) AS lines,
        array_agg(d.id ORDER BY d.of, d.line, d.from_low) AS batches,
        array_agg(greatest(d.low, d.from_low) - least(d.high, d.from_high) ORDER BY d.of, d.line, d.from_low) AS quantities,
        (SELECT count(*) FROM wanted) > (SELECT count(DISTINCT variation_id) FROM supply WHERE is_plenty) AS is_scarce
      INTO v_take
      FROM (
        -- A full join, because the planner, who cannot know how many there are, would compare each with each.
        SELECT d.of, d.line, d.low, d.high, s.id, s.low AS from_low, s.high AS from_high
          FROM demand d FULL JOIN supply s ON s.variation_id = d.variation_id OFFSET 0
      ) d
      WHERE d.from_low < d.high AND d.from_high > d.low;
    EXIT WHEN v_is_judged OR NOT v_take.is_scarce;
    v_is_judged := true;

    -- The scarce variations: more is asked than there is. Numbered, so that what is left can be kept in an array.
    FOR v_contender IN
      WITH demand AS (
        SELECT u.of, u.variation_id, sum(u.quantity) AS quantity, min(u.line) AS line
          FROM unnest(p_of, p_lines, p_variations, p_quantities) AS u (of, line, variation_id, quantity)
          WHERE v_operations[u.of] IS NOT NULL AND v_refusals[u.of] IS NULL
          GROUP BY u.of, u.variation_id
      ), scarce AS MATERIALIZED (
        SELECT d.variation_id, row_number() OVER () AS number, s.available
          FROM (SELECT variation_id, sum(quantity) AS quantity FROM demand GROUP BY variation_id) d
            -- LATERAL: one look-up a variation, whatever the planner knows of the tables.
            CROSS JOIN LATERAL (
              SELECT greatest(coalesce(sum(b.quantity), 0) - coalesce((
                  SELECT CASE WHEN i.reserved > 0 THEN lk.live_reserved(p_tenant, p_outlet, d.variation_id) END
                    FROM stock_item i
                    WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = d.variation_id), 0), 0)
                  AS available
                FROM catalog_itemvariation v
                  JOIN catalog_product p ON p.tenant_id = p_tenant AND p.id = v.product_id
                  JOIN stock_batch b ON b.tenant_id = p_tenant AND b.outlet_id = p_outlet
                    AND b.variation_id = d.variation_id AND b.in_stock
                    AND lk.is_sellable(b.status, b.expiry_date, p.sell_by_margin_days, v_today)
                WHERE v.tenant_id = p_tenant AND v.id = d.variation_id
            ) s
          WHERE d.quantity > s.available
      )
      SELECT d.of, array_agg(s.number ORDER BY d.line) AS numbers, array_agg(d.quantity ORDER BY d.line) AS quantities,
          array_agg(s.available ORDER BY d.line) AS available, array_agg(d.variation_id ORDER BY d.line) AS variations,
          array_agg(d.line ORDER BY d.line) AS lines
        FROM demand d JOIN scarce s USING (variation_id)
        GROUP BY d.of ORDER BY d.of
    LOOP
      v_short := NULL;
      FOR i IN 1 .. cardinality(v_contender.numbers) LOOP
        v_rest[v_contender.numbers[i]] := coalesce(v_rest[v_contender.numbers[i]], v_contender.available[i]);
        IF v_rest[v_contender.numbers[i]] < v_contender.quantities[i] THEN
          v_short := coalesce(v_short, '[]') || jsonb_build_object('line', v_contender.lines[i],
            'variation_id', v_contender.variations[i], 'needed', trim_scale(v_contender.quantities[i]),
            'available', trim_scale(v_rest[v_contender.numbers[i]]));
        END IF;
      END LOOP;
      IF v_short IS NULL THEN
        FOR i IN 1 .. cardinality(v_contender.numbers) LOOP
          v_rest[v_contender.numbers[i]] := v_rest[v_contender.numbers[i]] - v_contender.quantities[i];
        END LOOP;
      ELSE
        v_refusals[v_contender.of] := jsonb_build_object('code', 'insufficient_stock', 'lines', v_short);
      END IF;
    END LOOP;
  END LOOP;
  IF v_take.batches IS NOT NULL THEN
    PERFORM lk.write_lines(p_tenant, v_now, v_take.operations, v_take.lines, v_take.batches, v_take.quantities,
      array_fill(p_kind, ARRAY[cardinality(v_take.batches)]), array_fill(''::text, ARRAY[cardinality(v_take.batches)]),
      NULL);
  END IF;
  RETURN QUERY SELECT * FROM lk.close_operations(p_tenant, v_operations, p_references, p_fingerprints, v_refusals,
    v_take.batches, p_brief);
END $$;
