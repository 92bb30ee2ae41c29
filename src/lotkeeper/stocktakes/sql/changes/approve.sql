-- Somebody stands for these differences as they are.
UPDATE stocktakes_stocktakeitem i
  SET approved_by_id = %(user_id)s, approved_at = %(now)s, approved_variance = u.variance
  FROM unnest(%(item_ids)s::bigint[], %(variances)s::numeric[]) AS u (item_id, variance)
  WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.id = u.item_id
