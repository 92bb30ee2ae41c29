-- The lines of a batch are numbered from 1 without a gap, and the batch knows how many there are.
-- examines: stock_movement
SELECT coalesce(b.id, l.batch_id) AS batch_id, b.version AS stored, coalesce(l.lines, 0) AS lines, l.first, l.last
  FROM (SELECT id, version FROM stock_batch WHERE tenant_id = %(tenant)s) b
    FULL JOIN (
      SELECT batch_id, count(*) AS lines, min(version) AS first, max(version) AS last
        FROM stock_movement WHERE tenant_id = %(tenant)s GROUP BY batch_id
    ) l ON l.batch_id = b.id
  WHERE b.version IS DISTINCT FROM coalesce(l.lines, 0)::integer OR l.first <> 1 OR l.last <> l.lines
