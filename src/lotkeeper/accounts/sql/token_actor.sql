-- Whom a token speaks for: looked up before every call but a till's plain sale, which asks the same in lk.sell_many
-- (tests/stock/test_tills.py holds the two together). Runs as lk_poster, whom nobody can log in
-- as, so that it needs no transaction with its tenant set before: it names the tenant in every look-up. A function because its plan is kept: the same statement sent by itself took twice the server's time
-- (438 us against 215), most of it planning.
CREATE OR REPLACE FUNCTION lk.token_actor(p_tenant bigint, p_prefix text)
RETURNS TABLE (token_id bigint, digest bytea, scopes text[], user_id bigint, outlet_ids bigint[], roles text[])
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
  RETURN QUERY
    SELECT t.id, t.digest, t.scopes::text[], t.user_id, held.outlet_ids, held.roles
    FROM accounts_apitoken t
    JOIN accounts_user u ON u.id = t.user_id
    CROSS JOIN LATERAL (
      SELECT array_agg(m.outlet_id) AS outlet_ids, array_agg(m.role::text) AS roles
      FROM accounts_membership m
      WHERE m.tenant_id = p_tenant AND m.user_id = t.user_id
    ) held
    WHERE t.tenant_id = p_tenant AND t.prefix = p_prefix
      AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
      AND u.is_active AND u.tenant_id = p_tenant;
END $$;
REVOKE ALL ON FUNCTION lk.token_actor FROM PUBLIC;
GRANT CREATE ON SCHEMA lk TO lk_poster;
ALTER FUNCTION lk.token_actor OWNER TO lk_poster;
REVOKE CREATE ON SCHEMA lk FROM lk_poster;
-- With a single role, it has just taken the right from itself.
GRANT CREATE ON SCHEMA lk TO lk_owner;
GRANT EXECUTE ON FUNCTION lk.token_actor TO lk_app;
