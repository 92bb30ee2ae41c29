-- A line stands at the outlet and variation of its batch, the batch at those of its stock item, and they exist.
-- examines: stock_movement
SELECT m.batch_id, m.version, m.outlet_id, m.variation_id
  FROM stock_movement m
    LEFT JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.id = m.batch_id
  WHERE m.tenant_id = %(tenant)s AND (m.outlet_id, m.variation_id) IS DISTINCT FROM (b.outlet_id, b.variation_id)
UNION ALL
SELECT b.id, NULL, b.outlet_id, b.variation_id
  FROM stock_batch b
  WHERE b.tenant_id = %(tenant)s AND NOT EXISTS (
    SELECT FROM stock_item i
      WHERE i.tenant_id = %(tenant)s AND i.outlet_id = b.outlet_id AND i.variation_id = b.variation_id)
UNION ALL
SELECT NULL, NULL, i.outlet_id, i.variation_id
  FROM stock_item i
  WHERE i.tenant_id = %(tenant)s AND NOT (
    EXISTS (SELECT FROM accounts_tenant t WHERE t.id = %(tenant)s)
    AND EXISTS (SELECT FROM outlets_outlet o WHERE o.tenant_id = %(tenant)s AND o.id = i.outlet_id)
    AND EXISTS (SELECT FROM catalog_itemvariation v WHERE v.tenant_id = %(tenant)s AND v.id = i.variation_id))
