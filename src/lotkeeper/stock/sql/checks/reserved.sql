-- What a stock item counts as promised covers every promise that still holds, and nothing that ended.
-- examines: stock_item
SELECT i.outlet_id, i.variation_id, i.reserved, coalesce(l.live, 0) AS live, coalesce(l.open, 0) AS open
  FROM stock_item i
    LEFT JOIN (
      SELECT r.outlet_id, l.variation_id, sum(l.quantity) AS open,
          sum(l.quantity) FILTER (WHERE r.expires_at > statement_timestamp()) AS live
        FROM stock_reservation r
          JOIN stock_reservation_line l ON l.tenant_id = %(tenant)s AND l.reservation_id = r.id
        WHERE r.tenant_id = %(tenant)s AND r.status = 'active'
        GROUP BY r.outlet_id, l.variation_id
    ) l ON l.outlet_id = i.outlet_id AND l.variation_id = i.variation_id
  -- Lapsed promises that were not swept yet may still be counted.
  WHERE i.tenant_id = %(tenant)s AND (i.reserved < coalesce(l.live, 0) OR i.reserved > coalesce(l.open, 0))
UNION ALL
SELECT r.outlet_id, l.variation_id, NULL, l.quantity, l.quantity
  FROM stock_reservation r
    JOIN stock_reservation_line l ON l.tenant_id = %(tenant)s AND l.reservation_id = r.id
  WHERE r.tenant_id = %(tenant)s AND r.status = 'active' AND NOT EXISTS (
    SELECT FROM stock_item i
      WHERE i.tenant_id = %(tenant)s AND i.outlet_id = r.outlet_id AND i.variation_id = l.variation_id)
