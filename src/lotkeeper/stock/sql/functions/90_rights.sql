-- The posting functions run as lk_poster, whom nobody can log in as, and only the application may call the doors.
GRANT CREATE ON SCHEMA lk TO lk_poster;
DO $$
DECLARE
  v_function record;
BEGIN
  FOR v_function IN
    SELECT p.oid::regprocedure AS signature, p.prosecdef FROM pg_proc p
      WHERE p.pronamespace = 'lk'::regnamespace AND p.prokind = 'f' AND p.prosecdef
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', v_function.signature);
    EXECUTE format('ALTER FUNCTION %s OWNER TO lk_poster', v_function.signature);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO lk_poster', v_function.signature);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA lk FROM lk_poster;
-- With a single role, it has just taken the right from itself.
GRANT CREATE ON SCHEMA lk TO lk_owner;
GRANT EXECUTE ON FUNCTION lk.deduct, lk.deduct_many, lk.sell_many, lk.post_many, lk.post_counts, lk.hold_counts, lk.reserve,
  lk.amend_batch, lk.close_reservation TO lk_app;
