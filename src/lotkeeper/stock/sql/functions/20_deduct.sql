-- One operation that takes stock out by FEFO, or from the batch that a line names (the lot in the clerk's hand): the path
-- of every sale. All lines post, or none do. Only what may be sold today is taken, named or not.
--
-- Order of locks, as for every writer: the reference (a twin waits here, then gets the first answer), then the stock
-- items in order of variation. Whoever holds a stock item holds its batches: every writer takes it first, so batches need
-- no locks of their own, and a statement that begins after the lock sees what the last holder left.
CREATE OR REPLACE FUNCTION lk.deduct(
  p_tenant bigint, p_user bigint, p_token bigint, p_channel text, p_operation_kind text, p_kind text, p_reference text,
  p_fingerprint bytea, p_reason text, p_note text, p_occurred_at timestamptz, p_outlet bigint, p_variations bigint[],
  p_quantities numeric[], p_batches bigint[], p_reservation bigint
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_now timestamptz;
  v_today date;
  v_operation bigint;
  v_digest bytea;
  v_item record;
  v_batch record;
  v_rest numeric;
  v_take numeric;
  v_hash bytea;
  v_count integer := 0;
  v_found integer := 0;
  v_movements jsonb := '[]';
  v_short jsonb := '[]';
  v_response jsonb;
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  v_now := lk.clock();
  INSERT INTO stock_operation (tenant_id, kind, reference_id, fingerprint, user_id, token_id, channel, reason, note,
      occurred_at, recorded_at)
    VALUES (p_tenant, p_operation_kind, p_reference, p_fingerprint, p_user, p_token, p_channel, p_reason, p_note,
      least(p_occurred_at, v_now), v_now)
    ON CONFLICT (tenant_id, reference_id) DO NOTHING
    RETURNING id, digest INTO v_operation, v_digest;
  IF NOT FOUND THEN
    RETURN lk.replayed(p_tenant, p_reference, p_fingerprint);
  END IF;

  IF p_reservation IS NOT NULL THEN
    PERFORM lk.close_reservation(p_tenant, p_reservation, p_outlet, 'committed');
  END IF;

  -- One item after another, in order of variation: its lock, the rules that hold for it, its batches, its lines.
  FOR v_item IN
    SELECT u.line, u.quantity, u.batch_id, i.variation_id, i.reserved, v.quantity_decimals, p.sell_by_margin_days, o.timezone,
        o.is_active, coalesce(p.issue_policy, t.issue_policy) = 'fifo' AS fifo
      FROM unnest(p_variations, p_quantities, p_batches) WITH ORDINALITY AS u (variation_id, quantity, batch_id, line)
        JOIN stock_item i ON i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = u.variation_id
        JOIN catalog_itemvariation v ON v.tenant_id = p_tenant AND v.id = i.variation_id
        JOIN catalog_product p ON p.tenant_id = p_tenant AND p.id = v.product_id
        JOIN outlets_outlet o ON o.tenant_id = p_tenant AND o.id = p_outlet
        JOIN accounts_tenant t ON t.id = p_tenant
      -- A named lot first, so that the rule does not take it away under its own request.
      ORDER BY i.variation_id, u.batch_id, u.line FOR NO KEY UPDATE OF i
  LOOP
    v_found := v_found + 1;
    IF NOT v_item.is_active THEN
      RAISE EXCEPTION 'closed outlet' USING ERRCODE = 'LK404', DETAIL = jsonb_build_object('what', 'outlet', 'outlet_id', p_outlet);
    END IF;
    IF v_item.quantity <> round(v_item.quantity, v_item.quantity_decimals) THEN
      RAISE EXCEPTION 'too precise' USING ERRCODE = 'LK400', DETAIL = jsonb_build_object('line', v_item.line,
        'variation_id', v_item.variation_id, 'quantity_decimals', v_item.quantity_decimals);
    END IF;
    v_now := lk.clock();
    v_today := (v_now AT TIME ZONE v_item.timezone)::date;
    v_rest := v_item.quantity;
    IF v_item.reserved > 0 THEN
      -- What is promised to others stays: the line may take only what is beyond it.
      SELECT least(v_rest, greatest(coalesce(sum(b.quantity), 0)
          - lk.live_reserved(p_tenant, p_outlet, v_item.variation_id), 0)) INTO v_take
        FROM stock_batch b
        WHERE b.tenant_id = p_tenant AND b.outlet_id = p_outlet AND b.variation_id = v_item.variation_id AND b.in_stock
          AND lk.is_sellable(b.status, b.expiry_date, v_item.sell_by_margin_days, v_today);
      IF v_take < v_rest THEN
        v_short := v_short || jsonb_build_object('line', v_item.line, 'variation_id', v_item.variation_id,
          'needed', trim_scale(v_rest), 'available', trim_scale(v_take));
        CONTINUE;
      END IF;
    END IF;
    FOR v_batch IN
      SELECT b.id, b.quantity, b.version, coalesce(b.head_hash, b.genesis_hash) AS prev_hash, b.batch_number,
          b.expiry_date, b.unit_cost, b.received_at
        FROM stock_batch b
        WHERE b.tenant_id = p_tenant AND b.outlet_id = p_outlet AND b.variation_id = v_item.variation_id AND b.in_stock
          AND lk.is_sellable(b.status, b.expiry_date, v_item.sell_by_margin_days, v_today)
          AND (v_item.batch_id IS NULL OR b.id = v_item.batch_id)
        ORDER BY lk.use_order(v_item.fifo, b.expiry_date), b.received_at, b.id
    LOOP
      v_take := least(v_rest, v_batch.quantity);
      INSERT INTO stock_movement AS m (tenant_id, batch_id, version, prev_version, outlet_id, variation_id,
          operation_id, operation_digest, line, movement_type, quantity, balance_before, balance_after, unit_cost,
          amendment, occurred_at, recorded_at, prev_hash)
        VALUES (p_tenant, v_batch.id, v_batch.version + 1, nullif(v_batch.version, 0), p_outlet, v_item.variation_id,
          v_operation, v_digest, v_item.line, p_kind, -v_take, v_batch.quantity, v_batch.quantity - v_take,
          v_batch.unit_cost, '', least(p_occurred_at, v_now), v_now, v_batch.prev_hash)
        RETURNING m.hash INTO v_hash;
      UPDATE stock_batch b
        SET quantity = v_batch.quantity - v_take, version = v_batch.version + 1, head_hash = v_hash
        WHERE b.tenant_id = p_tenant AND b.id = v_batch.id;
      v_movements := v_movements || jsonb_build_object('line', v_item.line, 'variation_id', v_item.variation_id,
        'batch_id', v_batch.id, 'batch', v_batch.batch_number, 'quantity', trim_scale(-v_take),
        'balance_after', trim_scale(v_batch.quantity - v_take), 'expiry', v_batch.expiry_date,
        'unit_cost', trim_scale(v_batch.unit_cost));
      IF v_item.batch_id IS NOT NULL AND EXISTS (
        SELECT FROM stock_batch b
          WHERE b.tenant_id = p_tenant AND b.outlet_id = p_outlet AND b.variation_id = v_item.variation_id
            AND b.in_stock AND b.id <> v_batch.id
            AND lk.is_sellable(b.status, b.expiry_date, v_item.sell_by_margin_days, v_today)
            AND (coalesce(lk.use_order(v_item.fifo, b.expiry_date), 'infinity'), b.received_at, b.id)
              < (coalesce(lk.use_order(v_item.fifo, v_batch.expiry_date), 'infinity'), v_batch.received_at, v_batch.id)
      ) THEN
        -- An earlier lot stood on the shelf: the clerk's choice is kept with the answer.
        v_movements := jsonb_set(v_movements, '{-1,override}', 'true');
      END IF;
      v_count := v_count + 1;
      v_rest := v_rest - v_take;
      EXIT WHEN v_rest = 0;
    END LOOP;
    IF v_rest > 0 THEN
      IF v_rest = v_item.quantity AND v_item.batch_id IS NOT NULL THEN
        PERFORM lk.refuse_batch(p_tenant, p_outlet, v_item.variation_id, v_item.batch_id, v_item.line::integer);
      END IF;
      v_short := v_short || jsonb_strip_nulls(jsonb_build_object('line', v_item.line,
        'variation_id', v_item.variation_id, 'batch_id', v_item.batch_id, 'needed', trim_scale(v_item.quantity),
        'available', trim_scale(v_item.quantity - v_rest)));
    END IF;
  END LOOP;
  IF v_found < cardinality(p_variations) THEN
    v_short := v_short || lk.never_stocked(p_tenant, p_outlet, p_variations, p_quantities);
  END IF;
  -- Raising takes back what other lines wrote; the numbers above are what there really was.
  IF v_short <> '[]' THEN
    RAISE EXCEPTION 'insufficient stock' USING ERRCODE = 'LK409', DETAIL = v_short;
  END IF;

  v_response := jsonb_build_object('operation_id', v_operation, 'movements', v_movements);
  UPDATE stock_operation SET response = v_response, line_count = v_count
    WHERE tenant_id = p_tenant AND id = v_operation;
  RETURN v_response;
END $$;
