-- Every posting function plans with enable_seqscan off: a plan is kept for as long as its connection, and one made while
-- the tables were small would scan them when they are not (the foreign keys' own look-ups too: 2.5 us become 270).

-- The posting functions are not held by row-level security (its checks cost a fifth of a sale): each names its tenant in
-- every statement, and begins by making sure that it is the transaction's own. A call that is its own transaction, one
-- message there and back, has no tenant set before and needs none.
CREATE OR REPLACE FUNCTION lk.same_tenant(p_tenant bigint) RETURNS void LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_tenant text := current_setting('app.tenant_id', true);
BEGIN
  IF v_tenant <> '' AND v_tenant <> p_tenant::text THEN
    RAISE EXCEPTION 'not the tenant in scope' USING ERRCODE = 'insufficient_privilege';
  END IF;
END $$;

-- The shortages of variations that never had stock here. An outlet or variation that does not exist is said so instead.
CREATE OR REPLACE FUNCTION lk.never_stocked(p_tenant bigint, p_outlet bigint, p_variations bigint[], p_quantities numeric[])
RETURNS jsonb LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, lk, pg_temp AS $$
DECLARE
  v_unknown bigint;
  v_short jsonb;
BEGIN
  IF NOT EXISTS (SELECT FROM outlets_outlet o WHERE o.tenant_id = p_tenant AND o.id = p_outlet AND o.is_active) THEN
    RAISE EXCEPTION 'unknown outlet' USING ERRCODE = 'LK404',
      DETAIL = jsonb_build_object('what', 'outlet', 'outlet_id', p_outlet);
  END IF;
  SELECT u.variation_id INTO v_unknown FROM unnest(p_variations) AS u (variation_id)
    WHERE NOT EXISTS (SELECT FROM catalog_itemvariation v WHERE v.tenant_id = p_tenant AND v.id = u.variation_id)
    LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'unknown variation' USING ERRCODE = 'LK404',
      DETAIL = jsonb_build_object('what', 'variation', 'variation_id', v_unknown);
  END IF;
  SELECT coalesce(jsonb_agg(jsonb_build_object('line', u.line, 'variation_id', u.variation_id,
      'needed', trim_scale(u.quantity), 'available', 0) ORDER BY u.line), '[]') INTO v_short
    FROM unnest(p_variations, p_quantities) WITH ORDINALITY AS u (variation_id, quantity, line)
    WHERE NOT EXISTS (SELECT FROM stock_item i
      WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND i.variation_id = u.variation_id);
  RETURN v_short;
END $$;

-- Why a named batch gives nothing: it is not here, or it may not be sold. An empty one is an ordinary shortage.
CREATE OR REPLACE FUNCTION lk.refuse_batch(p_tenant bigint, p_outlet bigint, p_variation bigint, p_batch bigint, p_line integer)
RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, lk, pg_temp AS $$
DECLARE
  v_batch record;
BEGIN
  SELECT b.in_stock, b.status, b.expiry_date INTO v_batch FROM stock_batch b
    WHERE b.tenant_id = p_tenant AND b.id = p_batch AND b.outlet_id = p_outlet AND b.variation_id = p_variation;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown batch' USING ERRCODE = 'LK404',
      DETAIL = jsonb_build_object('what', 'batch', 'batch_id', p_batch, 'line', p_line);
  ELSIF v_batch.in_stock THEN
    RAISE EXCEPTION 'not sellable' USING ERRCODE = 'LK413', DETAIL = jsonb_build_object('lines', jsonb_build_array(
      jsonb_build_object('line', p_line, 'batch_id', p_batch, 'status', v_batch.status, 'expiry', v_batch.expiry_date)));
  END IF;
END $$;

-- The first answer again for a reference that was used before. The fingerprint tells a retry from a mistake.
CREATE OR REPLACE FUNCTION lk.replayed(p_tenant bigint, p_reference text, p_fingerprint bytea)
RETURNS jsonb LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, lk, pg_temp AS $$
DECLARE
  v_first record;
BEGIN
  SELECT o.fingerprint, o.response INTO STRICT v_first
    FROM stock_operation o WHERE o.tenant_id = p_tenant AND o.reference_id = p_reference;
  IF v_first.fingerprint <> p_fingerprint THEN
    RAISE EXCEPTION 'reference used before' USING ERRCODE = 'LK422', DETAIL = jsonb_build_object('reference_id', p_reference);
  END IF;
  RETURN v_first.response || '{"replayed": true}';
END $$;

-- Closes a reservation (committed, released or lapsed) and gives back what it promised.
CREATE OR REPLACE FUNCTION lk.close_reservation(p_tenant bigint, p_reservation bigint, p_outlet bigint, p_status text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, lk, pg_temp AS $$
DECLARE
  v_reservation record;
BEGIN
  PERFORM lk.same_tenant(p_tenant);
  -- The lines never change, so the items can be locked first, in the order of every writer.
  PERFORM 1 FROM stock_item i
      JOIN stock_reservation_line l ON l.tenant_id = p_tenant AND l.variation_id = i.variation_id
    WHERE i.tenant_id = p_tenant AND i.outlet_id = p_outlet AND l.reservation_id = p_reservation
    ORDER BY i.variation_id FOR NO KEY UPDATE OF i;
  SELECT r.status, r.expires_at, r.outlet_id INTO v_reservation
    FROM stock_reservation r WHERE r.tenant_id = p_tenant AND r.id = p_reservation AND r.outlet_id = p_outlet
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown reservation' USING ERRCODE = 'LK404',
      DETAIL = jsonb_build_object('what', 'reservation', 'reservation_id', p_reservation);
  END IF;
  IF v_reservation.status <> 'active' OR (v_reservation.expires_at <= lk.clock()) <> (p_status = 'lapsed')
      AND p_status <> 'released' THEN
    RAISE EXCEPTION 'reservation closed' USING ERRCODE = 'LK410', DETAIL = jsonb_build_object(
      'reservation_id', p_reservation,
      'status', CASE WHEN v_reservation.status = 'active' THEN 'lapsed' ELSE v_reservation.status END);
  END IF;
  UPDATE stock_reservation SET status = p_status, closed_at = lk.clock()
    WHERE tenant_id = p_tenant AND id = p_reservation;
  -- Counted anew: a promise that lapsed may have been forgotten by a later one already, and must not be taken off twice.
  UPDATE stock_item i SET reserved = lk.live_reserved(p_tenant, p_outlet, i.variation_id)
    FROM stock_reservation_line l
    WHERE l.tenant_id = p_tenant AND l.reservation_id = p_reservation AND i.tenant_id = p_tenant
      AND i.outlet_id = p_outlet AND i.variation_id = l.variation_id;
END $$;
