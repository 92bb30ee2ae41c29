-- Inserts the operations of one call in order of reference and tells which are new. A reference that stands already is
-- left out (NULL): its operation is a retry, or a mistake, and posts nothing. A twin in flight is waited for.
-- Nothing happens after it was entered: where a till's clock runs ahead, the server's holds (and least() passes over NULL).
CREATE OR REPLACE FUNCTION lk.open_operations(
  p_tenant bigint, p_users bigint[], p_tokens bigint[], p_channels text[], p_kind text, p_references text[],
  p_fingerprints bytea[], p_reasons text[], p_notes text[], p_occurred_ats timestamptz[], p_refers_to bigint[]
) RETURNS bigint[] LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
  v_now timestamptz := lk.clock();
  v_ids bigint[];
  v_new bigint[];
BEGIN
  v_ids := array(SELECT nextval('stock_operation_id_seq') FROM generate_subscripts(p_fingerprints, 1));
  WITH opened AS (
    INSERT INTO stock_operation (tenant_id, id, kind, reference_id, fingerprint, user_id, token_id, channel, reason,
        note, refers_to_id, occurred_at, recorded_at)
      SELECT p_tenant, u.id, p_kind, u.reference_id, u.fingerprint, u.user_id, u.token_id, u.channel, u.reason, u.note,
          u.refers_to, least(u.occurred_at, v_now), v_now
        FROM unnest(v_ids, p_users, p_tokens, p_channels, p_references, p_fingerprints, p_reasons, p_notes,
            p_occurred_ats, p_refers_to)
          AS u (id, user_id, token_id, channel, reference_id, fingerprint, reason, note, occurred_at, refers_to)
        ORDER BY u.reference_id, u.id
      ON CONFLICT (tenant_id, reference_id) DO NOTHING
      RETURNING id
  )
  SELECT array_agg(CASE WHEN o.id IS NULL THEN NULL ELSE u.id END ORDER BY u.position) INTO v_new
    FROM unnest(v_ids) WITH ORDINALITY AS u (id, position) LEFT JOIN opened o ON o.id = u.id;
  RETURN v_new;
END $$;

-- Closes the operations of one call: those that posted get their answer and line count, those refused are taken back,
-- so that the same reference may succeed later. One row comes back for each operation, in the order given.
-- p_taken: the batches in the order in which they were taken, for an answer in that order; NULL where each line has one.
-- p_brief: the answer is the operation's number alone; an import of half a million lines keeps no receipt of each.
CREATE OR REPLACE FUNCTION lk.close_operations(
  p_tenant bigint, p_operations bigint[], p_references text[], p_fingerprints bytea[], p_refusals jsonb[],
  p_taken bigint[], p_brief boolean
) RETURNS TABLE (status text, operation_id bigint, response jsonb) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, lk, pg_temp SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
  v_posted bigint[];
BEGIN
  IF cardinality(array_remove(p_refusals, NULL)) > 0 THEN
    DELETE FROM stock_operation o
      USING unnest(p_operations, p_refusals) AS u (id, refusal)
      WHERE o.tenant_id = p_tenant AND o.id = u.id AND u.refusal IS NOT NULL AND o.id = ANY (p_operations);
    -- A twin in the same call finds nothing to replay then: it is refused as the first was.
    p_refusals := array(
      SELECT coalesce(u.refusal, t.refusal)
        FROM unnest(p_operations, p_references, p_fingerprints, p_refusals)
            WITH ORDINALITY AS u (id, reference_id, fingerprint, refusal, position)
          LEFT JOIN unnest(p_references, p_fingerprints, p_refusals) AS t (reference_id, fingerprint, refusal)
            ON u.id IS NULL AND t.refusal IS NOT NULL AND t.reference_id = u.reference_id AND t.fingerprint = u.fingerprint
        ORDER BY u.position);
  END IF;
  v_posted := array(SELECT u.id FROM unnest(p_operations, p_refusals) AS u (id, refusal) WHERE u.id IS NOT NULL AND u.refusal IS NULL);
  IF p_brief THEN
    UPDATE stock_operation o
      SET response = jsonb_build_object('operation_id', o.id), line_count = (
        SELECT count(*) FROM stock_movement m WHERE m.tenant_id = p_tenant AND m.operation_id = o.id)
      WHERE o.tenant_id = p_tenant AND o.id = ANY (v_posted);
  ELSE
    UPDATE stock_operation o
      SET (line_count, response) = (
        -- No line at all: a transfer of which nothing arrived.
        SELECT count(*), jsonb_build_object('operation_id', o.id, 'movements', coalesce(jsonb_agg(jsonb_build_object(
            'line', m.line, 'variation_id', m.variation_id, 'batch_id', m.batch_id, 'batch', b.batch_number,
            'quantity', trim_scale(m.quantity), 'balance_after', trim_scale(m.balance_after),
            'expiry', b.expiry_date, 'unit_cost', trim_scale(m.unit_cost))
            ORDER BY m.line, array_position(p_taken, m.batch_id), m.version), '[]'))
          FROM stock_movement m
            CROSS JOIN LATERAL (SELECT b.batch_number, b.expiry_date FROM stock_batch b
              WHERE b.tenant_id = p_tenant AND b.id = m.batch_id OFFSET 0) b
          WHERE m.tenant_id = p_tenant AND m.operation_id = o.id)
      WHERE o.tenant_id = p_tenant AND o.id = ANY (v_posted);
  END IF;
  RETURN QUERY
    SELECT CASE
          WHEN u.refusal IS NOT NULL THEN 'refused'
          WHEN u.id IS NOT NULL THEN 'posted'
          WHEN first.fingerprint = u.fingerprint THEN 'replayed'
          ELSE 'mismatch' END,
        coalesce(u.id, first.id),
        CASE WHEN u.refusal IS NOT NULL THEN u.refusal ELSE coalesce(own.response, first.response) END
      FROM unnest(p_operations, p_references, p_fingerprints, p_refusals)
          WITH ORDINALITY AS u (id, reference_id, fingerprint, refusal, position)
        -- One look-up a row, whatever the planner knows of the table.
        LEFT JOIN LATERAL (
          SELECT o.response FROM stock_operation o WHERE o.tenant_id = p_tenant AND o.id = u.id LIMIT 1
        ) own ON true
        LEFT JOIN LATERAL (
          SELECT o.id, o.fingerprint, o.response FROM stock_operation o
            WHERE u.id IS NULL AND o.tenant_id = p_tenant AND o.reference_id = u.reference_id LIMIT 1
        ) first ON true
      ORDER BY u.position;
END $$;
