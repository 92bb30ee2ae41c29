-- How far the lines of each batch have come.
SELECT b.id, b.version FROM stock_batch b WHERE b.tenant_id = %(tenant)s ORDER BY b.id
