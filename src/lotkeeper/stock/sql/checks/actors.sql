-- Whoever did something works for this business, and came with a token of their own if with any.
-- examines: stock_operation
SELECT o.id AS operation_id, o.user_id, o.token_id
  FROM stock_operation o
    LEFT JOIN accounts_user u ON u.id = o.user_id
    LEFT JOIN accounts_apitoken t ON t.tenant_id = %(tenant)s AND t.id = o.token_id
  WHERE o.tenant_id = %(tenant)s
    AND (u.tenant_id IS DISTINCT FROM %(tenant)s OR (o.token_id IS NOT NULL AND t.user_id IS DISTINCT FROM o.user_id))
