-- What the database itself refuses, whoever asks. Triggers only refuse; they never write. `current_user` inside a
-- SECURITY DEFINER function is its owner, and nobody can log in as lk_poster, so this check cannot be forged by a
-- setting (pg_trigger_depth() and session settings can).

CREATE FUNCTION lk.refuse_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: stock changes only through the posting functions', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'LK001';
END $$;

CREATE FUNCTION lk.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: the ledger is never changed, only added to', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'LK002';
END $$;

-- Batches are born empty and named for good: the genesis hash is what their chain starts from.
CREATE FUNCTION lk.name_batch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.genesis_hash := lk.batch_genesis(NEW.tenant_id, NEW.id, NEW.outlet_id, NEW.variation_id, NEW.batch_number,
    NEW.expiry_date, NEW.unit_cost, NEW.received_at);
  IF NEW.quantity <> 0 OR NEW.version <> 0 OR NEW.head_hash IS NOT NULL OR NEW.status <> 'available' THEN
    RAISE EXCEPTION 'a new batch starts empty and available' USING ERRCODE = 'LK001';
  END IF;
  RETURN NEW;
END $$;

-- A line adds up, follows its predecessor, and has the sign of its kind.
CREATE FUNCTION lk.line_is_sound(
  p_kind text, p_quantity numeric, p_before numeric, p_after numeric, p_version integer, p_prev integer, p_amendment text
) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN p_after = p_before + p_quantity AND p_after >= 0
    AND CASE WHEN p_version = 1 THEN p_prev IS NULL AND p_before = 0 ELSE p_version > 1 AND p_prev = p_version - 1 END
    AND CASE
      WHEN p_kind IN ('sale', 'supplier_return', 'damage', 'expiry', 'theft', 'sample', 'transfer_out')
        THEN p_quantity < 0
      WHEN p_kind IN ('opening', 'purchase', 'customer_return', 'transfer_in') THEN p_quantity > 0
      WHEN p_kind IN ('adjustment', 'reversal') THEN p_quantity <> 0
      WHEN p_kind = 'amend' THEN p_quantity = 0 AND p_amendment <> ''
      ELSE false END;
END $$;

-- The hashes are the database's own work: nobody writes them.
ALTER TABLE stock_operation DROP COLUMN digest;
ALTER TABLE stock_operation ADD COLUMN digest bytea NOT NULL GENERATED ALWAYS AS (lk.operation_digest(
  tenant_id, id, kind, reference_id, fingerprint, user_id, token_id, channel, reason, note, refers_to_id, occurred_at,
  recorded_at)) STORED;
ALTER TABLE stock_movement DROP COLUMN hash;
ALTER TABLE stock_movement ADD COLUMN hash bytea NOT NULL GENERATED ALWAYS AS (lk.line_hash(
  prev_hash, tenant_id, batch_id, version, operation_digest, line, movement_type, quantity, balance_after, unit_cost,
  amendment, occurred_at, recorded_at)) STORED;

-- Balance updates stay inside their page (HOT), and vacuum sees them early.
ALTER TABLE stock_batch SET (fillfactor = 70);
ALTER TABLE stock_item SET (fillfactor = 70);
ALTER TABLE stock_operation SET (fillfactor = 85);

ALTER TABLE stock_movement
  -- One short check that calls a function: PostgreSQL reads the text of every check anew for each INSERT (three written
  -- out here cost 56 us of 175).
  ADD CONSTRAINT movement_sound CHECK (lk.line_is_sound(movement_type, quantity, balance_before, balance_after, version,
    prev_version, amendment)),
  -- The chain as a constraint: a line's content cannot change under the line after it, nor under the batch's head,
  -- even when triggers are off.
  ADD CONSTRAINT movement_link UNIQUE (tenant_id, batch_id, version, balance_after, hash),
  ADD CONSTRAINT movement_prev FOREIGN KEY (tenant_id, batch_id, prev_version, balance_before, prev_hash)
    REFERENCES stock_movement (tenant_id, batch_id, version, balance_after, hash) ON UPDATE RESTRICT ON DELETE RESTRICT;

ALTER TABLE stock_operation ADD CONSTRAINT operation_digest_once UNIQUE (tenant_id, id, digest);
ALTER TABLE stock_movement ADD CONSTRAINT movement_operation FOREIGN KEY (tenant_id, operation_id, operation_digest)
  REFERENCES stock_operation (tenant_id, id, digest) ON UPDATE RESTRICT ON DELETE RESTRICT;

ALTER TABLE stock_batch ADD CONSTRAINT batch_place UNIQUE (tenant_id, id, outlet_id, variation_id);
ALTER TABLE stock_movement ADD CONSTRAINT movement_batch FOREIGN KEY (tenant_id, batch_id, outlet_id, variation_id)
  REFERENCES stock_batch (tenant_id, id, outlet_id, variation_id) ON UPDATE RESTRICT ON DELETE RESTRICT;
ALTER TABLE stock_batch
  ADD CONSTRAINT batch_item FOREIGN KEY (tenant_id, outlet_id, variation_id)
    REFERENCES stock_item (tenant_id, outlet_id, variation_id) ON UPDATE RESTRICT ON DELETE RESTRICT,
  ADD CONSTRAINT batch_empty_or_headed CHECK ((version = 0) = (head_hash IS NULL)),
  -- Checked at once: the line is written before the head moves.
  ADD CONSTRAINT batch_head FOREIGN KEY (tenant_id, id, version, quantity, head_hash)
    REFERENCES stock_movement (tenant_id, batch_id, version, balance_after, hash);
ALTER TABLE stock_item ADD CONSTRAINT item_reserved CHECK (reserved >= 0);

-- History of an outlet by keyset, and balances as of any instant without touching the table.
CREATE INDEX movement_history ON stock_movement (tenant_id, outlet_id, recorded_at, batch_id, version);
CREATE INDEX movement_as_of ON stock_movement (tenant_id, batch_id, recorded_at DESC) INCLUDE (balance_after);
CREATE INDEX movement_of_operation ON stock_movement (tenant_id, operation_id, batch_id);

CREATE TRIGGER guard_insert BEFORE INSERT ON stock_movement FOR EACH STATEMENT
  WHEN (current_user <> 'lk_poster') EXECUTE FUNCTION lk.refuse_write();
CREATE TRIGGER guard_change BEFORE UPDATE OR DELETE ON stock_movement FOR EACH STATEMENT
  EXECUTE FUNCTION lk.refuse_change();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON stock_movement FOR EACH STATEMENT
  EXECUTE FUNCTION lk.refuse_change();

CREATE TRIGGER guard_write BEFORE INSERT OR UPDATE ON stock_batch FOR EACH STATEMENT
  WHEN (current_user <> 'lk_poster') EXECUTE FUNCTION lk.refuse_write();
CREATE TRIGGER guard_name BEFORE INSERT ON stock_batch FOR EACH ROW EXECUTE FUNCTION lk.name_batch();
CREATE TRIGGER guard_delete BEFORE DELETE OR TRUNCATE ON stock_batch FOR EACH STATEMENT
  EXECUTE FUNCTION lk.refuse_change();

CREATE TRIGGER guard_write BEFORE INSERT OR UPDATE OR DELETE ON stock_operation FOR EACH STATEMENT
  WHEN (current_user <> 'lk_poster') EXECUTE FUNCTION lk.refuse_write();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON stock_operation FOR EACH STATEMENT
  EXECUTE FUNCTION lk.refuse_change();

CREATE TRIGGER guard_write BEFORE INSERT OR UPDATE OR DELETE ON stock_item FOR EACH STATEMENT
  WHEN (current_user <> 'lk_poster') EXECUTE FUNCTION lk.refuse_write();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON stock_item FOR EACH STATEMENT
  EXECUTE FUNCTION lk.refuse_change();

-- ALWAYS: a session that plays replica does not get past them.
ALTER TABLE stock_movement ENABLE ALWAYS TRIGGER guard_insert, ENABLE ALWAYS TRIGGER guard_change,
  ENABLE ALWAYS TRIGGER guard_truncate;
ALTER TABLE stock_batch ENABLE ALWAYS TRIGGER guard_write, ENABLE ALWAYS TRIGGER guard_name,
  ENABLE ALWAYS TRIGGER guard_delete;
ALTER TABLE stock_operation ENABLE ALWAYS TRIGGER guard_write, ENABLE ALWAYS TRIGGER guard_truncate;
ALTER TABLE stock_item ENABLE ALWAYS TRIGGER guard_write, ENABLE ALWAYS TRIGGER guard_truncate;
