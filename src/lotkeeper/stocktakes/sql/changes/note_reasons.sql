-- Why a line differs, as far as the counter knows.
UPDATE stocktakes_stocktakeitem i SET variance_reason = u.reason
  FROM stocktakes_stocktakeobservation o
    JOIN unnest(%(client_ids)s::uuid[], %(reasons)s::text[]) AS u (client_id, reason) ON u.client_id = o.client_id
  WHERE o.tenant_id = %(tenant)s
    AND i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.id = o.item_id
