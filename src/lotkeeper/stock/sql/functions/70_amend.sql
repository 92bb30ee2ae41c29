-- Corrects what was written on a batch (number, expiry, cost) or whether it may be sold (held, recalled, archived). The
-- old and the new value stand in the ledger as a line of quantity 0, so the correction is as tamper-evident as a sale.
CREATE OR REPLACE FUNCTION lk.amend_batch(
  p_tenant bigint, p_user bigint, p_token bigint, p_channel text, p_reference text, p_fingerprint bytea, p_reason text,
  p_note text, p_batch bigint, p_changes jsonb
) RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_operation bigint;
  v_batch stock_batch;
  v_old jsonb;
  v_amendment jsonb;
  v_response jsonb;
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  IF EXISTS (SELECT FROM jsonb_object_keys(p_changes) AS k (name)
        WHERE k.name NOT IN ('batch_number', 'expiry_date', 'unit_cost', 'status'))
      OR p_changes ->> 'status' NOT IN ('available', 'held', 'recalled', 'archived')
      OR (p_changes ->> 'unit_cost')::numeric < 0 OR NOT isfinite((p_changes ->> 'expiry_date')::date) THEN
    RAISE EXCEPTION 'no such correction' USING ERRCODE = 'LK001', DETAIL = p_changes::text;
  END IF;
  v_operation := (lk.open_operations(p_tenant, ARRAY[p_user], ARRAY[p_token], ARRAY[p_channel], 'amendment', ARRAY[p_reference],
    ARRAY[p_fingerprint], ARRAY[p_reason], ARRAY[p_note], ARRAY[NULL::timestamptz], ARRAY[NULL::bigint]))[1];
  IF v_operation IS NULL THEN
    RETURN lk.replayed(p_tenant, p_reference, p_fingerprint);
  END IF;
  PERFORM 1 FROM stock_item i JOIN stock_batch b ON b.tenant_id = p_tenant AND b.id = p_batch
    WHERE i.tenant_id = p_tenant AND i.outlet_id = b.outlet_id AND i.variation_id = b.variation_id
    FOR NO KEY UPDATE OF i;
  SELECT * INTO v_batch FROM stock_batch b WHERE b.tenant_id = p_tenant AND b.id = p_batch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown batch' USING ERRCODE = 'LK404', DETAIL = jsonb_build_object('what', 'batch', 'batch_id', p_batch);
  END IF;
  v_old := jsonb_build_object('batch_number', v_batch.batch_number, 'expiry_date', v_batch.expiry_date,
    'unit_cost', trim_scale(v_batch.unit_cost), 'status', v_batch.status);
  SELECT jsonb_object_agg(c.key, jsonb_build_array(v_old -> c.key, c.value)) INTO v_amendment
    FROM jsonb_each(p_changes) c WHERE v_old -> c.key IS DISTINCT FROM c.value;
  IF v_amendment IS NULL THEN
    RAISE EXCEPTION 'nothing to change' USING ERRCODE = 'LK411', DETAIL = jsonb_build_object('batch_id', p_batch);
  END IF;
  IF v_batch.status = 'archived' AND p_changes ->> 'status' IS DISTINCT FROM 'available' THEN
    RAISE EXCEPTION 'archived' USING ERRCODE = 'LK412', DETAIL = jsonb_build_object('batch_id', p_batch);
  END IF;
  IF p_changes ->> 'status' = 'archived' AND v_batch.quantity <> 0 THEN
    RAISE EXCEPTION 'not empty' USING ERRCODE = 'LK414',
      DETAIL = jsonb_build_object('batch_id', p_batch, 'quantity', trim_scale(v_batch.quantity));
  END IF;
  -- The line first, under the old cost; then the batch.
  PERFORM lk.write_lines(p_tenant, lk.clock(), ARRAY[v_operation], ARRAY[1], ARRAY[p_batch], ARRAY[0::numeric],
    ARRAY['amend'], ARRAY[v_amendment::text], NULL);
  UPDATE stock_batch SET
      batch_number = coalesce(p_changes ->> 'batch_number', batch_number),
      expiry_date = CASE WHEN p_changes ? 'expiry_date' THEN (p_changes ->> 'expiry_date')::date ELSE expiry_date END,
      unit_cost = CASE WHEN p_changes ? 'unit_cost' THEN (p_changes ->> 'unit_cost')::numeric ELSE unit_cost END,
      status = coalesce(p_changes ->> 'status', status)
    WHERE tenant_id = p_tenant AND id = p_batch;
  v_response := jsonb_build_object('operation_id', v_operation, 'batch_id', p_batch, 'amended', v_amendment);
  UPDATE stock_operation SET response = v_response, line_count = 1 WHERE tenant_id = p_tenant AND id = v_operation;
  RETURN v_response;
END $$;
