-- The two lines of a swap say so, after what the counter had said.
UPDATE stocktakes_stocktakeitem i
  SET variance_reason = left(concat_ws('; ', nullif(i.variance_reason, ''), u.reason), %(limit)s)
  FROM unnest(%(item_ids)s::bigint[], %(reasons)s::text[]) AS u (item_id, reason)
  WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.id = u.item_id
