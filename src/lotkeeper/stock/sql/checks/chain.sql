-- Each line begins where the line before it ended: its number, its balance and its hash.
-- examines: stock_movement
SELECT l.batch_id, l.version, l.prev_version, l.balance_before, l.last_balance AS balance_of_previous
  FROM (
    SELECT m.batch_id, m.version, m.prev_version, m.quantity, m.balance_before, m.balance_after, m.prev_hash,
        lag(m.version) OVER w AS last_version, lag(m.balance_after) OVER w AS last_balance, lag(m.hash) OVER w AS last_hash
      FROM stock_movement m WHERE m.tenant_id = %(tenant)s
      WINDOW w AS (PARTITION BY m.batch_id ORDER BY m.version)
  ) l
    LEFT JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.id = l.batch_id
  WHERE l.prev_version IS DISTINCT FROM l.last_version
    OR l.version <> coalesce(l.last_version, 0) + 1
    OR l.balance_before <> coalesce(l.last_balance, 0)
    OR l.balance_after <> l.balance_before + l.quantity
    OR l.prev_hash IS DISTINCT FROM coalesce(l.last_hash, b.genesis_hash)
