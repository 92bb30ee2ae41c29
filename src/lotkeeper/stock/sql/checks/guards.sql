-- The guards stand as they were shipped: triggers, keys, generated hashes, posting functions and who may call them.
-- examines: nothing
WITH poster AS (
  -- With one role only, that role stands in for all of ours.
  SELECT coalesce((SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = 'lk_poster'), pg_get_userbyid(c.relowner)::text) AS name,
      c.relowner AS owner
    FROM pg_class c WHERE c.oid = 'public.stock_movement'::regclass
), ledger AS (
  SELECT c.oid, c.relname, c.relacl FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace
      AND c.relname IN ('stock_batch', 'stock_count', 'stock_item', 'stock_movement', 'stock_operation')
), shipped AS (
  SELECT * FROM unnest(%(functions)s::text[], %(bodies)s::text[], %(definers)s::boolean[], %(search_paths)s::text[])
    AS f (name, body, definer, search_path)
), triggers (relname, name, definition) AS (VALUES
  ('stock_batch', 'guard_delete', 'BEFORE DELETE OR TRUNCATE ON public.stock_batch FOR EACH STATEMENT EXECUTE FUNCTION lk.refuse_change()'),
  ('stock_batch', 'guard_name', 'BEFORE INSERT ON public.stock_batch FOR EACH ROW EXECUTE FUNCTION lk.name_batch()'),
  ('stock_batch', 'guard_write', 'BEFORE INSERT OR UPDATE ON public.stock_batch FOR EACH STATEMENT WHEN ((CURRENT_USER <> ''lk_poster''::name)) EXECUTE FUNCTION lk.refuse_write()'),
  ('stock_count', 'guard_change', 'BEFORE DELETE OR UPDATE ON public.stock_count FOR EACH STATEMENT EXECUTE FUNCTION lk.refuse_change()'),
  ('stock_count', 'guard_insert', 'BEFORE INSERT ON public.stock_count FOR EACH STATEMENT WHEN ((CURRENT_USER <> ''lk_poster''::name)) EXECUTE FUNCTION lk.refuse_write()'),
  ('stock_count', 'guard_truncate', 'BEFORE TRUNCATE ON public.stock_count FOR EACH STATEMENT EXECUTE FUNCTION lk.refuse_change()'),
  ('stock_item', 'guard_truncate', 'BEFORE TRUNCATE ON public.stock_item FOR EACH STATEMENT EXECUTE FUNCTION lk.refuse_change()'),
  ('stock_item', 'guard_write', 'BEFORE INSERT OR DELETE OR UPDATE ON public.stock_item FOR EACH STATEMENT WHEN ((CURRENT_USER <> ''lk_poster''::name)) EXECUTE FUNCTION lk.refuse_write()'),
  ('stock_movement', 'guard_change', 'BEFORE DELETE OR UPDATE ON public.stock_movement FOR EACH STATEMENT EXECUTE FUNCTION lk.refuse_change()'),
  ('stock_movement', 'guard_insert', 'BEFORE INSERT ON public.stock_movement FOR EACH STATEMENT WHEN ((CURRENT_USER <> ''lk_poster''::name)) EXECUTE FUNCTION lk.refuse_write()'),
  ('stock_movement', 'guard_truncate', 'BEFORE TRUNCATE ON public.stock_movement FOR EACH STATEMENT EXECUTE FUNCTION lk.refuse_change()'),
  ('stock_operation', 'guard_truncate', 'BEFORE TRUNCATE ON public.stock_operation FOR EACH STATEMENT EXECUTE FUNCTION lk.refuse_change()'),
  ('stock_operation', 'guard_write', 'BEFORE INSERT OR DELETE OR UPDATE ON public.stock_operation FOR EACH STATEMENT WHEN ((CURRENT_USER <> ''lk_poster''::name)) EXECUTE FUNCTION lk.refuse_write()')
), keys (relname, name, definition) AS (VALUES
  ('stock_batch', 'batch_empty_or_headed', 'CHECK (((version = 0) = (head_hash IS NULL)))'),
  ('stock_batch', 'batch_head', 'FOREIGN KEY (tenant_id, id, version, quantity, head_hash) REFERENCES stock_movement(tenant_id, batch_id, version, balance_after, hash)'),
  ('stock_batch', 'batch_identity', 'UNIQUE NULLS NOT DISTINCT (tenant_id, outlet_id, variation_id, batch_number, expiry_date, unit_cost)'),
  ('stock_batch', 'batch_item', 'FOREIGN KEY (tenant_id, outlet_id, variation_id) REFERENCES stock_item(tenant_id, outlet_id, variation_id) ON UPDATE RESTRICT ON DELETE RESTRICT'),
  ('stock_batch', 'batch_not_negative', 'CHECK ((quantity >= (0)::numeric))'),
  ('stock_batch', 'batch_place', 'UNIQUE (tenant_id, id, outlet_id, variation_id)'),
  ('stock_item', 'item_reserved', 'CHECK ((reserved >= (0)::numeric))'),
  ('stock_movement', 'movement_batch', 'FOREIGN KEY (tenant_id, batch_id, outlet_id, variation_id) REFERENCES stock_batch(tenant_id, id, outlet_id, variation_id) ON UPDATE RESTRICT ON DELETE RESTRICT'),
  ('stock_movement', 'movement_link', 'UNIQUE (tenant_id, batch_id, version, balance_after, hash)'),
  ('stock_movement', 'movement_operation', 'FOREIGN KEY (tenant_id, operation_id, operation_digest) REFERENCES stock_operation(tenant_id, id, digest) ON UPDATE RESTRICT ON DELETE RESTRICT'),
  ('stock_movement', 'movement_prev', 'FOREIGN KEY (tenant_id, batch_id, prev_version, balance_before, prev_hash) REFERENCES stock_movement(tenant_id, batch_id, version, balance_after, hash) ON UPDATE RESTRICT ON DELETE RESTRICT'),
  ('stock_movement', 'movement_sound', 'CHECK (lk.line_is_sound((movement_type)::text, quantity, balance_before, balance_after, version, prev_version, amendment))'),
  ('stock_movement', 'stock_movement_pkey', 'PRIMARY KEY (tenant_id, batch_id, version)'),
  ('stock_operation', 'operation_digest_once', 'UNIQUE (tenant_id, id, digest)'),
  ('stock_operation', 'operation_reference', 'UNIQUE (tenant_id, reference_id)')
), hashes (relname, name, definition) AS (VALUES
  ('stock_batch', 'in_stock', '(quantity > (0)::numeric)'),
  ('stock_movement', 'hash', 'lk.line_hash(prev_hash, tenant_id, batch_id, version, operation_digest, line, (movement_type)::text, quantity, balance_after, unit_cost, amendment, occurred_at, recorded_at)'),
  ('stock_operation', 'digest', 'lk.operation_digest(tenant_id, id, (kind)::text, (reference_id)::text, fingerprint, user_id, token_id, (channel)::text, reason, note, refers_to_id, occurred_at, recorded_at)')
), standing_triggers AS (
  SELECT l.relname, t.tgname::text AS name, t.tgenabled, t.tgisinternal, pg_get_triggerdef(t.oid) AS definition
    FROM ledger l JOIN pg_trigger t ON t.tgrelid = l.oid
), standing_functions AS (
  SELECT p.oid, n.nspname, p.proname::text AS name, p.prosrc, p.prosqlbody, p.prosecdef, p.proowner, p.proconfig, p.proacl
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'lk' AND p.prokind <> 'a'
)
SELECT 'trigger missing, changed or not always on' AS found, format('%%s on %%s', e.name, e.relname) AS name
  FROM triggers e CROSS JOIN poster
    LEFT JOIN standing_triggers t ON t.relname = e.relname AND t.name = e.name AND NOT t.tgisinternal
  WHERE t.tgenabled IS DISTINCT FROM 'A' OR t.definition IS DISTINCT FROM
    format('CREATE TRIGGER %%s %%s', e.name, replace(e.definition, 'lk_poster', poster.name))
UNION ALL
SELECT 'trigger that was not shipped', format('%%s on %%s', t.name, t.relname)
  FROM standing_triggers t
  WHERE NOT t.tgisinternal AND NOT EXISTS (SELECT FROM triggers e WHERE e.relname = t.relname AND e.name = t.name)
UNION ALL
SELECT 'foreign key switched off', format('%%s on %%s', t.name, t.relname)
  FROM standing_triggers t WHERE t.tgisinternal AND t.tgenabled NOT IN ('O', 'A')
UNION ALL
SELECT 'rule on a table of the ledger', format('%%s on %%s', r.rulename, l.relname)
  FROM ledger l JOIN pg_rewrite r ON r.ev_class = l.oid
UNION ALL
SELECT 'table that adds rows to the ledger', h.inhrelid::regclass::text
  FROM ledger l JOIN pg_inherits h ON h.inhparent = l.oid
UNION ALL
SELECT 'key missing, changed or not validated', format('%%s on %%s', e.name, e.relname)
  FROM keys e JOIN ledger l ON l.relname = e.relname
    LEFT JOIN pg_constraint c ON c.conrelid = l.oid AND c.conname = e.name AND c.convalidated
  WHERE pg_get_constraintdef(c.oid) IS DISTINCT FROM e.definition
UNION ALL
SELECT 'column no longer written by the database', format('%%s of %%s', e.name, e.relname)
  FROM hashes e JOIN ledger l ON l.relname = e.relname
    LEFT JOIN pg_attribute a ON a.attrelid = l.oid AND a.attname = e.name AND a.attgenerated = 's'
    LEFT JOIN pg_attrdef d ON d.adrelid = l.oid AND d.adnum = a.attnum
  WHERE pg_get_expr(d.adbin, d.adrelid) IS DISTINCT FROM e.definition
UNION ALL
SELECT 'table of the ledger missing', e.relname
  FROM (SELECT DISTINCT relname FROM triggers) e WHERE NOT EXISTS (SELECT FROM ledger l WHERE l.relname = e.relname)
UNION ALL
SELECT 'function missing', s.name
  FROM shipped s WHERE NOT EXISTS (SELECT FROM standing_functions f WHERE f.name = s.name)
UNION ALL
SELECT 'function changed or not shipped', f.oid::regprocedure::text
  FROM standing_functions f
    LEFT JOIN shipped s ON s.name = f.name
  WHERE f.prosecdef IS DISTINCT FROM s.definer
    OR coalesce(array_to_string(array(SELECT c FROM unnest(f.proconfig) c WHERE c LIKE 'search_path=%%'), ''), '')
      <> CASE s.search_path WHEN '' THEN '' ELSE 'search_path=' || s.search_path END
    OR CASE WHEN f.prosqlbody IS NULL THEN f.prosrc IS DISTINCT FROM s.body
      ELSE f.name <> 'today_at' OR pg_get_function_sqlbody(f.oid) <>
        'RETURN (SELECT ((lk.clock() AT TIME ZONE o.timezone))::date AS timezone FROM outlets_outlet o WHERE ((o.tenant_id = today_at.p_tenant) AND (o.id = today_at.p_outlet)))' END
UNION ALL
SELECT 'posting function with another owner, or open to all', f.oid::regprocedure::text
  FROM standing_functions f CROSS JOIN poster
  WHERE f.prosecdef AND (pg_get_userbyid(f.proowner)::text <> poster.name
    OR f.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(f.proacl) a WHERE a.grantee = 0))
UNION ALL
SELECT 'inner posting function open to the application', f.oid::regprocedure::text
  FROM standing_functions f JOIN pg_roles r ON r.rolname = 'lk_app'
  WHERE f.prosecdef AND f.name <> ALL (%(doors)s::text[]) AND has_function_privilege(r.oid, f.oid, 'EXECUTE')
UNION ALL
SELECT 'function of lk_poster that was not shipped', p.oid::regprocedure::text
  FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner AND r.rolname = 'lk_poster'
  WHERE p.pronamespace <> 'lk'::regnamespace
UNION ALL
SELECT 'right to write the ledger', format('%%s on %%s for %%s', a.privilege_type, l.relname,
    CASE a.grantee WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(a.grantee)::text END)
  FROM (
    SELECT oid, relname, relacl FROM ledger
    UNION ALL
    SELECT l.oid, l.relname, t.attacl FROM ledger l JOIN pg_attribute t ON t.attrelid = l.oid
  ) l CROSS JOIN LATERAL aclexplode(l.relacl) a CROSS JOIN poster
  WHERE a.privilege_type NOT IN ('SELECT', 'MAINTAIN') AND a.grantee <> poster.owner
    AND (a.grantee = 0 OR pg_get_userbyid(a.grantee)::text <> poster.name)
UNION ALL
SELECT 'the application may act as lk_poster', r.rolname::text
  FROM pg_roles r JOIN pg_roles p ON p.rolname = 'lk_poster'
  WHERE r.rolname = 'lk_app' AND pg_has_role(r.oid, p.oid, 'MEMBER')
