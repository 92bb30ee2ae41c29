-- A line has the sign of its kind: a sale takes away, a purchase adds, an amendment moves nothing and says what it changed.
-- examines: stock_movement
SELECT m.batch_id, m.version, m.movement_type, m.quantity
  FROM stock_movement m
  WHERE m.tenant_id = %(tenant)s AND NOT CASE
    WHEN m.movement_type IN ('sale', 'supplier_return', 'damage', 'expiry', 'theft', 'sample', 'transfer_out')
      THEN m.quantity < 0 AND m.amendment = ''
    WHEN m.movement_type IN ('opening', 'purchase', 'customer_return', 'transfer_in')
      THEN m.quantity > 0 AND m.amendment = ''
    WHEN m.movement_type IN ('adjustment', 'reversal') THEN m.quantity <> 0 AND m.amendment = ''
    WHEN m.movement_type = 'amend' THEN m.quantity = 0 AND m.amendment <> ''
    ELSE false END
