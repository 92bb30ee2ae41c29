-- A count is kept as it was posted: written by the posting functions only, never changed.
CREATE TRIGGER guard_insert BEFORE INSERT ON stock_count FOR EACH STATEMENT
  WHEN (current_user <> 'lk_poster') EXECUTE FUNCTION lk.refuse_write();
CREATE TRIGGER guard_change BEFORE UPDATE OR DELETE ON stock_count FOR EACH STATEMENT
  EXECUTE FUNCTION lk.refuse_change();
CREATE TRIGGER guard_truncate BEFORE TRUNCATE ON stock_count FOR EACH STATEMENT
  EXECUTE FUNCTION lk.refuse_change();
ALTER TABLE stock_count ENABLE ALWAYS TRIGGER guard_insert, ENABLE ALWAYS TRIGGER guard_change,
  ENABLE ALWAYS TRIGGER guard_truncate;
