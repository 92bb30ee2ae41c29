-- Promises stock for a while. Refused with true numbers when less is free.
CREATE OR REPLACE FUNCTION lk.reserve(
  p_tenant bigint, p_user bigint, p_token bigint, p_channel text, p_reference text, p_fingerprint bytea, p_reason text,
  p_outlet bigint, p_variations bigint[], p_quantities numeric[], p_expires_at timestamptz
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_operation bigint;
  v_reservation bigint;
  v_refused jsonb;
  v_response jsonb;
  v_now timestamptz;
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  v_operation := (lk.open_operations(p_tenant, ARRAY[p_user], ARRAY[p_token], ARRAY[p_channel], 'reservation', ARRAY[p_reference],
    ARRAY[p_fingerprint], ARRAY[p_reason], ARRAY[''], ARRAY[NULL::timestamptz], ARRAY[NULL::bigint]))[1];
  IF v_operation IS NULL THEN
    RETURN lk.replayed(p_tenant, p_reference, p_fingerprint);
  END IF;
  PERFORM 1 FROM stock_item i
    WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = ANY (p_variations)
    ORDER BY i.variation_id FOR NO KEY UPDATE;
  v_now := lk.clock();
  SELECT jsonb_agg(jsonb_build_object('line', n.line, 'variation_id', n.variation_id, 'needed', trim_scale(n.quantity),
      'available', trim_scale(n.available)) ORDER BY n.line) INTO v_refused
    FROM (
      SELECT u.line, u.variation_id, u.quantity, greatest(coalesce(sum(b.quantity), 0)
          - lk.live_reserved(p_tenant, p_outlet, u.variation_id), 0) AS available
        FROM unnest(p_variations, p_quantities) WITH ORDINALITY AS u (variation_id, quantity, line)
          JOIN catalog_itemvariation v ON v.tenant_id = p_tenant AND v.id = u.variation_id
          JOIN catalog_product p ON p.tenant_id = p_tenant AND p.id = v.product_id
          LEFT JOIN stock_batch b ON b.tenant_id = p_tenant AND b.outlet_id = p_outlet AND b.variation_id = v.id
            AND b.in_stock AND lk.is_sellable(b.status, b.expiry_date, p.sell_by_margin_days,
              lk.today_at(p_tenant, p_outlet))
        GROUP BY u.line, u.variation_id, u.quantity
    ) n
    WHERE n.quantity > n.available;
  IF v_refused IS NOT NULL THEN
    RAISE EXCEPTION 'insufficient stock' USING ERRCODE = 'LK409', DETAIL = v_refused;
  END IF;
  -- What lapsed is forgotten here, so that the bound stays near the truth without a sweep.
  UPDATE stock_item i SET reserved = lk.live_reserved(p_tenant, p_outlet, i.variation_id) + u.quantity
    FROM unnest(p_variations, p_quantities) AS u (variation_id, quantity)
    WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = u.variation_id;
  INSERT INTO stock_reservation (tenant_id, operation_id, outlet_id, status, created_at, expires_at)
    VALUES (p_tenant, v_operation, p_outlet, 'active', v_now, p_expires_at) RETURNING id INTO v_reservation;
  INSERT INTO stock_reservation_line (tenant_id, reservation_id, variation_id, quantity)
    SELECT p_tenant, v_reservation, u.variation_id, u.quantity
      FROM unnest(p_variations, p_quantities) AS u (variation_id, quantity);
  v_response := jsonb_build_object('operation_id', v_operation, 'reservation_id', v_reservation,
    'expires_at', to_jsonb(p_expires_at));
  UPDATE stock_operation SET response = v_response, line_count = 0 WHERE tenant_id = p_tenant AND id = v_operation;
  RETURN v_response;
END $$;
