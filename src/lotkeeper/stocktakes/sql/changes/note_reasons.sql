-- Why a line differs, as far as the counter knows.
UPDATE stocktakes_stocktakeitem i SET variance_reason = u.reason
  FROM unnest(%(client_ids)s::uuid[], %(reasons)s::text[]) AS u (client_id, reason)
    JOIN stocktakes_stocktakeobservation o ON o.tenant_id = %(tenant)s AND o.client_id = u.client_id
  WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.id = o.item_id
