-- Which of these operations without lines are gone from the database, or say something else there.
SELECT u.operation_id, encode(u.digest, 'hex') AS in_journal, encode(o.digest, 'hex') AS in_database, o.line_count
  FROM unnest(%(operations)s::bigint[], %(digests)s::bytea[]) AS u (operation_id, digest)
    LEFT JOIN stock_operation o ON o.tenant_id = %(tenant)s AND o.id = u.operation_id
  WHERE o.digest IS DISTINCT FROM u.digest OR o.line_count IS DISTINCT FROM 0
