-- The bytes that are hashed: the same on every server and with every setting, and written again in 30 lines of Python
-- by a verifier that never saw this database. plpgsql on purpose: a SQL function in a generated column is parsed anew
-- for each statement (293-600 -> 200 us a line).

-- Who a batch is before its first line. Quantities go in thousandths, costs in ten-thousandths, none as -1.
CREATE OR REPLACE FUNCTION lk.batch_genesis(
  p_tenant bigint, p_batch bigint, p_outlet bigint, p_variation bigint, p_number text, p_expiry date, p_cost numeric,
  p_received_at timestamptz
) RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256('\x4c4b30'::bytea || int8send(p_tenant) || int8send(p_batch) || int8send(p_outlet)
    || int8send(p_variation) || coalesce(date_send(p_expiry), '\x80000000'::bytea)
    || int8send(coalesce((p_cost * 10000)::bigint, -1)) || timestamptz_send(p_received_at)
    || convert_to(p_number, 'UTF8'));
END $$;

-- What an operation says, apart from the answer that was given. Its texts go as a JSON array: two contents never share
-- their bytes, and every language can write it.
CREATE OR REPLACE FUNCTION lk.operation_digest(
  p_tenant bigint, p_operation bigint, p_kind text, p_reference text, p_fingerprint bytea, p_user bigint, p_token bigint,
  p_channel text, p_reason text, p_note text, p_refers_to bigint, p_occurred_at timestamptz, p_recorded_at timestamptz
) RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256('\x4c4b32'::bytea || int8send(p_tenant) || int8send(p_operation) || int8send(p_user)
    || int8send(coalesce(p_token, 0)) || int8send(coalesce(p_refers_to, 0)) || timestamptz_send(p_occurred_at)
    || timestamptz_send(p_recorded_at) || sha256(p_fingerprint)
    || convert_to(json_build_array(p_kind, p_channel, p_reference, p_reason, p_note)::text, 'UTF8'));
END $$;

-- What a ledger line says, apart from its predecessor.
CREATE OR REPLACE FUNCTION lk.line_content(
  p_tenant bigint, p_batch bigint, p_version integer, p_operation_digest bytea, p_line integer, p_kind text,
  p_quantity numeric, p_balance_after numeric, p_cost numeric, p_amendment text, p_occurred_at timestamptz,
  p_recorded_at timestamptz
) RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN int8send(p_tenant) || int8send(p_batch) || int4send(p_version) || p_operation_digest || int4send(p_line)
    || int8send((p_quantity * 1000)::bigint) || int8send((p_balance_after * 1000)::bigint)
    || int8send(coalesce((p_cost * 10000)::bigint, -1)) || timestamptz_send(p_occurred_at)
    || timestamptz_send(p_recorded_at) || int4send(octet_length(p_kind)) || p_kind::bytea
    || convert_to(p_amendment, 'UTF8');
END $$;

-- The hash of a line: what its generated column holds.
CREATE OR REPLACE FUNCTION lk.line_hash(
  p_prev_hash bytea, p_tenant bigint, p_batch bigint, p_version integer, p_operation_digest bytea, p_line integer,
  p_kind text, p_quantity numeric, p_balance_after numeric, p_cost numeric, p_amendment text, p_occurred_at timestamptz,
  p_recorded_at timestamptz
) RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256('\x4c4b31'::bytea || p_prev_hash || lk.line_content(p_tenant, p_batch, p_version, p_operation_digest,
    p_line, p_kind, p_quantity, p_balance_after, p_cost, p_amendment, p_occurred_at, p_recorded_at));
END $$;

-- The running hash over several new lines of one batch, as a window: chain(genesis or head, content).
CREATE OR REPLACE FUNCTION lk.chain_step(p_state bytea, p_start bytea, p_content bytea)
RETURNS bytea LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256('\x4c4b31'::bytea || coalesce(p_state, p_start) || p_content);
END $$;
DO $$ BEGIN
  CREATE AGGREGATE lk.chain(bytea, bytea) (SFUNC = lk.chain_step, STYPE = bytea);
EXCEPTION WHEN duplicate_function THEN NULL;
END $$;
