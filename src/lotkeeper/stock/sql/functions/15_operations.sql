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
  UPDATE stock_item i SET reserved = i.reserved - l.quantity
    FROM stock_reservation_line l
    WHERE l.tenant_id = p_tenant AND l.reservation_id = p_reservation AND i.tenant_id = p_tenant
      AND i.outlet_id = p_outlet AND i.variation_id = l.variation_id;
END $$;
