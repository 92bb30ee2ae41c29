-- The rules of what may be sold, once for the database. Python twins: lotkeeper.stock.policies.

-- The date at an outlet: what "today" means there.
CREATE OR REPLACE FUNCTION lk.today_at(p_tenant bigint, p_outlet bigint) RETURNS date LANGUAGE sql STABLE
RETURN (SELECT (lk.clock() AT TIME ZONE o.timezone)::date FROM outlets_outlet o
  WHERE o.tenant_id = p_tenant AND o.id = p_outlet);

-- Whether a batch may be sold on a day: the printed day is still good, undated stock never expires. Inlined where used.
CREATE OR REPLACE FUNCTION lk.is_sellable(p_status text, p_expiry date, p_margin_days integer, p_today date)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT p_status = 'available' AND (p_expiry IS NULL OR p_expiry >= p_today + p_margin_days)
$$;

-- Position in the order of use: by expiry (undated last) and receipt, or by receipt alone.
CREATE OR REPLACE FUNCTION lk.use_order(p_fifo boolean, p_expiry date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT CASE WHEN p_fifo THEN NULL ELSE p_expiry END $$;

-- What is promised and not lapsed, of one variation at one outlet.
CREATE OR REPLACE FUNCTION lk.live_reserved(p_tenant bigint, p_outlet bigint, p_variation bigint)
RETURNS numeric LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(l.quantity), 0) FROM stock_reservation_line l
    JOIN stock_reservation r ON r.tenant_id = p_tenant AND r.id = l.reservation_id
  WHERE l.tenant_id = p_tenant AND l.variation_id = p_variation AND r.outlet_id = p_outlet
    AND r.status = 'active' AND r.expires_at > lk.clock()
$$;
