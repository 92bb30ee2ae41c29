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

-- Whether a count was taken back, or the one that it holds up.
CREATE OR REPLACE FUNCTION lk.is_reversed(p_tenant bigint, p_operation bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM stock_operation o
      JOIN stock_operation r ON r.tenant_id = p_tenant AND r.refers_to_id IN (o.id, o.refers_to_id) AND r.kind = 'reversal'
    WHERE o.tenant_id = p_tenant AND o.id = p_operation)
$$;

-- What the book said of a batch at a moment: all that had happened by then, whenever it was entered. From the balance of
-- now backwards, so the cost is that of the lines since. Also the last version recorded by then, what moved since (units
-- and lines), and what was entered since although it had happened before.
-- A set-returning function on purpose: in FROM it is inlined, where a scalar one would be called for each row.
CREATE OR REPLACE FUNCTION lk.book_at(
  p_tenant bigint, p_batch bigint, p_quantity numeric, p_version integer, p_at timestamptz
) RETURNS TABLE (quantity numeric, version integer, moved_since numeric, lines_since bigint, entered_late numeric)
LANGUAGE sql STABLE AS $$
  SELECT p_quantity - coalesce(sum(m.quantity) FILTER (WHERE m.occurred_at > p_at), 0),
      p_version - (count(*) FILTER (WHERE m.recorded_at > p_at))::integer,
      coalesce(sum(m.quantity) FILTER (WHERE m.occurred_at > p_at), 0),
      count(*) FILTER (WHERE m.occurred_at > p_at AND m.quantity <> 0),
      coalesce(sum(m.quantity) FILTER (WHERE m.recorded_at > p_at AND m.occurred_at <= p_at), 0)
    FROM stock_movement m
    -- An entry is dated ahead of its recording by minutes at most.
    WHERE m.tenant_id = p_tenant AND m.batch_id = p_batch AND m.recorded_at > p_at - interval '1 hour'
$$;
