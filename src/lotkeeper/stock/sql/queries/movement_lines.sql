-- The ledger lines that the statement before it chose, with their operation, batch and person.
SELECT m.batch_id, b.batch_number, b.expiry_date, m.version, m.outlet_id, m.variation_id, v.sku, p.name, v.name,
    m.operation_id, op.kind, op.reference_id, op.reason, op.channel, op.user_id, u.name, m.line, m.movement_type,
    m.quantity, m.balance_before, m.balance_after, m.unit_cost, m.amendment, m.occurred_at, m.recorded_at
FROM chosen c
JOIN stock_movement m ON m.tenant_id = %(tenant)s AND m.batch_id = c.batch_id AND m.version = c.version
JOIN stock_operation op ON op.tenant_id = %(tenant)s AND op.id = m.operation_id
JOIN stock_batch b ON b.tenant_id = %(tenant)s AND b.id = m.batch_id
JOIN catalog_itemvariation v ON v.tenant_id = %(tenant)s AND v.id = m.variation_id
JOIN catalog_product p ON p.tenant_id = %(tenant)s AND p.id = v.product_id
JOIN accounts_user u ON u.id = op.user_id
ORDER BY c.recorded_at {order}, c.batch_id {order}, c.version {order}
