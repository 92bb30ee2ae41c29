-- Where the database says something else than these heads of the journal: a line that is gone, or another in its place.
SELECT u.batch_id, u.version, b.version AS now, encode(u.hash, 'hex') AS in_journal,
    encode(CASE WHEN u.version = 0 THEN b.genesis_hash ELSE m.hash END, 'hex') AS in_database
  FROM unnest(%(batches)s::bigint[], %(versions)s::integer[], %(hashes)s::bytea[]) AS u (batch_id, version, hash)
    LEFT JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.id = u.batch_id
    LEFT JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = u.batch_id AND m.version = u.version
  WHERE u.hash IS DISTINCT FROM CASE WHEN u.version = 0 THEN b.genesis_hash ELSE m.hash END
    OR b.version IS NULL OR b.version < u.version
