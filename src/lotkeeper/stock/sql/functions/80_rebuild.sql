-- A batch's balance, head, status and identity are derived from its ledger lines; these derive them anew. Should they
-- ever differ, it is the ledger that is right.

-- What each batch should show. A number or expiry that was never amended stands on the batch alone (its genesis hash
-- vouches for it), so it is given as it stands.
CREATE OR REPLACE FUNCTION lk.batches_from_ledger(p_tenant bigint)
RETURNS TABLE (batch_id bigint, batch_number text, expiry_date date, unit_cost numeric, status text, quantity numeric,
  version integer, head_hash bytea) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, lk, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    WITH sums AS (
      SELECT m.batch_id, sum(m.quantity) AS quantity, max(m.version) AS version
        FROM stock_movement m WHERE m.tenant_id = p_tenant GROUP BY m.batch_id
    ), amended AS MATERIALIZED (
      SELECT m.batch_id, m.version, nullif(m.amendment, '')::jsonb AS amendment
        FROM stock_movement m WHERE m.tenant_id = p_tenant AND m.movement_type = 'amend'
    ), latest AS (
      SELECT DISTINCT ON (a.batch_id, e.key) a.batch_id, e.key, e.value ->> 1 AS value
        FROM amended a CROSS JOIN LATERAL jsonb_each(a.amendment) e
        ORDER BY a.batch_id, e.key, a.version DESC
    ), said AS (
      SELECT l.batch_id, jsonb_object_agg(l.key, l.value) AS now FROM latest l GROUP BY l.batch_id
    )
    SELECT b.id,
        CASE WHEN jsonb_exists(s.now, 'batch_number') THEN s.now ->> 'batch_number' ELSE b.batch_number::text END,
        CASE WHEN jsonb_exists(s.now, 'expiry_date') THEN (s.now ->> 'expiry_date')::date ELSE b.expiry_date END,
        CASE WHEN jsonb_exists(s.now, 'unit_cost') THEN (s.now ->> 'unit_cost')::numeric
          WHEN m.version IS NOT NULL THEN m.unit_cost ELSE b.unit_cost END,
        coalesce(s.now ->> 'status', 'available'), coalesce(l.quantity, 0), coalesce(l.version, 0), m.hash
      FROM stock_batch b
        LEFT JOIN sums l ON l.batch_id = b.id
        LEFT JOIN stock_movement m ON m.tenant_id = p_tenant AND m.batch_id = b.id AND m.version = l.version
        LEFT JOIN said s ON s.batch_id = b.id
      WHERE b.tenant_id = p_tenant;
END $$;

-- Where the batches differ from it, a row for each field.
CREATE OR REPLACE FUNCTION lk.batch_differences(p_tenant bigint)
RETURNS TABLE (batch_id bigint, field text, stored text, recomputed text) LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, lk, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT b.id, f.field, f.stored, f.recomputed
      FROM stock_batch b JOIN lk.batches_from_ledger(p_tenant) r ON r.batch_id = b.id
        CROSS JOIN LATERAL (VALUES
          ('batch_number', b.batch_number::text, r.batch_number), ('expiry_date', b.expiry_date::text, r.expiry_date::text),
          ('unit_cost', trim_scale(b.unit_cost)::text, trim_scale(r.unit_cost)::text), ('status', b.status::text, r.status),
          ('quantity', trim_scale(b.quantity)::text, trim_scale(r.quantity)::text),
          ('version', b.version::text, r.version::text),
          ('head_hash', encode(b.head_hash, 'hex'), encode(r.head_hash, 'hex'))) AS f (field, stored, recomputed)
      WHERE b.tenant_id = p_tenant AND f.stored IS DISTINCT FROM f.recomputed
      ORDER BY b.id, f.field;
END $$;

-- Writes what the ledger says into the batches that differ, and tells what it changed. Selling goes on: only the stock
-- items of those batches are locked, in the order of every writer, and the ledger is read again under the locks.
CREATE OR REPLACE FUNCTION lk.rebuild_batches(p_tenant bigint)
RETURNS TABLE (batch_id bigint, field text, stored text, recomputed text) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp AS $$
#variable_conflict use_column
DECLARE
  v_batches bigint[];
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  v_batches := array(SELECT DISTINCT d.batch_id FROM lk.batch_differences(p_tenant) d);
  PERFORM 1 FROM stock_item i
    WHERE i.tenant_id = p_tenant AND (i.outlet_id, i.variation_id) IN (
      SELECT b.outlet_id, b.variation_id FROM stock_batch b WHERE b.tenant_id = p_tenant AND b.id = ANY (v_batches))
    ORDER BY i.outlet_id, i.variation_id FOR NO KEY UPDATE;
  RETURN QUERY SELECT * FROM lk.batch_differences(p_tenant) d WHERE d.batch_id = ANY (v_batches);
  UPDATE stock_batch b
    SET batch_number = r.batch_number, expiry_date = r.expiry_date, unit_cost = r.unit_cost, status = r.status,
      quantity = r.quantity, version = r.version, head_hash = r.head_hash
    FROM lk.batches_from_ledger(p_tenant) r
    WHERE b.tenant_id = p_tenant AND b.id = r.batch_id AND b.id = ANY (v_batches);
END $$;
