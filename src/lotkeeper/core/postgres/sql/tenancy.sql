-- What every tenant table leans on: the schema of our functions, and the tenant of the transaction.
CREATE SCHEMA IF NOT EXISTS lk;
GRANT USAGE ON SCHEMA lk TO lk_app, lk_poster, lk_backup;

-- The tenant named by SET LOCAL at the start of the transaction. Without one it raises: an empty answer would hide the
-- mistake. (The setting is NULL when never set, and '' after a SET LOCAL ended.)
CREATE OR REPLACE FUNCTION lk.current_tenant() RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
  v_tenant text := current_setting('app.tenant_id', true);
BEGIN
  IF v_tenant IS NULL OR v_tenant = '' THEN
    RAISE EXCEPTION 'no tenant in scope' USING ERRCODE = 'insufficient_privilege', HINT = 'use tenant_scope()';
  END IF;
  RETURN v_tenant::bigint;
END $$;

-- The server's clock. One function, so that a test can stand at another moment.
CREATE OR REPLACE FUNCTION lk.clock() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT clock_timestamp()';
