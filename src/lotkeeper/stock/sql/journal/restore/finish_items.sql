-- What is promised of each item is what its open promises say.
UPDATE stock_item i SET reserved = p.quantity
  FROM (
    SELECT r.outlet_id, l.variation_id, sum(l.quantity) AS quantity
      FROM stock_reservation r
        JOIN stock_reservation_line l ON l.tenant_id = %(tenant)s AND l.reservation_id = r.id
      WHERE r.tenant_id = %(tenant)s AND r.status = 'active'
      GROUP BY r.outlet_id, l.variation_id
  ) p
  WHERE i.tenant_id = %(tenant)s AND i.outlet_id = p.outlet_id AND i.variation_id = p.variation_id
