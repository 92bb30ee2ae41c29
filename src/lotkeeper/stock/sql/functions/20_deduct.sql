-- One operation that takes stock out by FEFO: the path of every sale. All lines post, or none do.
--
-- Order of locks, as for every writer: the reference (a twin waits here, then gets the first answer), then the stock
-- items in order of variation. Whoever holds a stock item holds its batches: every writer takes it first, so they need
-- no locks of their own, and the statements that follow see what the last holder left.
CREATE OR REPLACE FUNCTION lk.deduct(
  p_tenant bigint, p_user bigint, p_token bigint, p_channel text, p_operation_kind text, p_kind text, p_reference text,
  p_fingerprint bytea, p_reason text, p_note text, p_occurred_at timestamptz, p_outlet bigint, p_variations bigint[],
  p_quantities numeric[], p_reservation bigint
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz;
  v_today date;
  v_active boolean;
  v_operation bigint;
  v_digest bytea;
  v_item record;
  v_batch record;
  v_line integer;
  v_rest numeric;
  v_take numeric;
  v_promised numeric;
  v_batches bigint[] := '{}';
  v_versions integer[] := '{}';
  v_before numeric[] := '{}';
  v_takes numeric[] := '{}';
  v_costs numeric[] := '{}';
  v_prevs bytea[] := '{}';
  v_owners integer[] := '{}';
  v_hash bytea;
  v_deductions jsonb := '[]';
  v_short jsonb := '[]';
  v_response jsonb;
BEGIN
  v_now := lk.clock();
  INSERT INTO stock_operation (tenant_id, kind, reference_id, fingerprint, user_id, token_id, channel, reason, note,
      occurred_at, recorded_at)
    VALUES (p_tenant, p_operation_kind, p_reference, p_fingerprint, p_user, p_token, p_channel, p_reason, p_note,
      coalesce(p_occurred_at, v_now), v_now)
    ON CONFLICT (tenant_id, reference_id) DO NOTHING
    RETURNING id, digest INTO v_operation, v_digest;
  IF NOT FOUND THEN
    RETURN lk.replayed(p_tenant, p_reference, p_fingerprint);
  END IF;

  IF p_reservation IS NOT NULL THEN
    PERFORM lk.close_reservation(p_tenant, p_reservation, p_outlet, 'committed');
  END IF;

  -- Lock every item first, in one order; only then look at what there is.
  PERFORM 1 FROM stock_item i
    WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = ANY (p_variations)
    ORDER BY i.variation_id FOR NO KEY UPDATE;

  v_now := lk.clock();
  SELECT (v_now AT TIME ZONE o.timezone)::date, o.is_active INTO v_today, v_active
    FROM outlets_outlet o WHERE o.tenant_id = p_tenant AND o.id = p_outlet;
  IF v_active IS NOT TRUE THEN
    RAISE EXCEPTION 'unknown outlet' USING ERRCODE = 'LK404', DETAIL = jsonb_build_object('what', 'outlet', 'outlet_id', p_outlet);
  END IF;

  FOR v_line IN 1 .. cardinality(p_variations) LOOP
    SELECT v.quantity_decimals, p.sell_by_margin_days, coalesce(p.issue_policy, t.issue_policy) = 'fifo' AS fifo,
        coalesce(i.reserved, 0) AS reserved
      INTO v_item
      FROM catalog_itemvariation v
        JOIN catalog_product p ON p.tenant_id = p_tenant AND p.id = v.product_id
        JOIN accounts_tenant t ON t.id = p_tenant
        LEFT JOIN stock_item i ON i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = v.id
      WHERE v.tenant_id = p_tenant AND v.id = p_variations[v_line];
    IF NOT FOUND THEN
      RAISE EXCEPTION 'unknown variation' USING ERRCODE = 'LK404',
        DETAIL = jsonb_build_object('what', 'variation', 'variation_id', p_variations[v_line]);
    END IF;
    IF p_quantities[v_line] <> round(p_quantities[v_line], v_item.quantity_decimals) THEN
      RAISE EXCEPTION 'too precise' USING ERRCODE = 'LK400', DETAIL = jsonb_build_object(
        'variation_id', p_variations[v_line], 'quantity_decimals', v_item.quantity_decimals);
    END IF;
    v_rest := p_quantities[v_line];
    IF v_item.reserved > 0 THEN
      v_promised := lk.live_reserved(p_tenant, p_outlet, p_variations[v_line]);
      SELECT greatest(v_rest - greatest(coalesce(sum(b.quantity), 0) - v_promised, 0), 0) INTO v_take
        FROM stock_batch b
        WHERE b.tenant_id = p_tenant AND b.outlet_id = p_outlet AND b.variation_id = p_variations[v_line] AND b.in_stock
          AND lk.is_sellable(b.status, b.expiry_date, v_item.sell_by_margin_days, v_today);
      IF v_take > 0 THEN
        v_short := v_short || jsonb_build_object('line', v_line, 'variation_id', p_variations[v_line],
          'needed', trim_scale(v_rest), 'available', trim_scale(v_rest - v_take));
        CONTINUE;
      END IF;
    END IF;
    FOR v_batch IN
      SELECT b.id, b.quantity, b.version, coalesce(b.head_hash, b.genesis_hash) AS prev_hash, b.batch_number,
          b.expiry_date, b.unit_cost
        FROM stock_batch b
        WHERE b.tenant_id = p_tenant AND b.outlet_id = p_outlet AND b.variation_id = p_variations[v_line] AND b.in_stock
          AND lk.is_sellable(b.status, b.expiry_date, v_item.sell_by_margin_days, v_today)
        ORDER BY lk.use_order(v_item.fifo, b.expiry_date), b.received_at, b.id
    LOOP
      v_take := least(v_rest, v_batch.quantity);
      v_owners := v_owners || v_line;
      v_batches := v_batches || v_batch.id;
      v_versions := v_versions || v_batch.version;
      v_before := v_before || v_batch.quantity;
      v_takes := v_takes || v_take;
      v_costs := array_append(v_costs, v_batch.unit_cost);
      v_prevs := v_prevs || v_batch.prev_hash;
      v_deductions := v_deductions || jsonb_build_object('line', v_line, 'variation_id', p_variations[v_line],
        'batch_id', v_batch.id, 'batch', v_batch.batch_number, 'quantity', trim_scale(v_take),
        'expiry', v_batch.expiry_date, 'unit_cost', trim_scale(v_batch.unit_cost));
      v_rest := v_rest - v_take;
      EXIT WHEN v_rest = 0;
    END LOOP;
    IF v_rest > 0 THEN
      v_short := v_short || jsonb_build_object('line', v_line, 'variation_id', p_variations[v_line],
        'needed', trim_scale(p_quantities[v_line]), 'available', trim_scale(p_quantities[v_line] - v_rest));
    END IF;
  END LOOP;
  IF v_short <> '[]' THEN
    RAISE EXCEPTION 'insufficient stock' USING ERRCODE = 'LK409', DETAIL = v_short;
  END IF;

  FOR v_line IN 1 .. cardinality(v_batches) LOOP
    INSERT INTO stock_movement AS m (tenant_id, batch_id, version, prev_version, outlet_id, variation_id, operation_id,
        operation_digest, line, movement_type, quantity, balance_before, balance_after, unit_cost, amendment,
        occurred_at, recorded_at, prev_hash)
      VALUES (p_tenant, v_batches[v_line], v_versions[v_line] + 1, nullif(v_versions[v_line], 0), p_outlet,
        p_variations[v_owners[v_line]], v_operation, v_digest, v_owners[v_line], p_kind, -v_takes[v_line],
        v_before[v_line], v_before[v_line] - v_takes[v_line], v_costs[v_line], '', coalesce(p_occurred_at, v_now),
        v_now, v_prevs[v_line])
      RETURNING m.hash INTO v_hash;
    UPDATE stock_batch b
      SET quantity = v_before[v_line] - v_takes[v_line], version = v_versions[v_line] + 1, head_hash = v_hash
      WHERE b.tenant_id = p_tenant AND b.id = v_batches[v_line];
  END LOOP;

  v_response := jsonb_build_object('operation_id', v_operation, 'deductions', v_deductions);
  UPDATE stock_operation SET response = v_response, line_count = cardinality(v_batches)
    WHERE tenant_id = p_tenant AND id = v_operation;
  RETURN v_response;
END $$;
