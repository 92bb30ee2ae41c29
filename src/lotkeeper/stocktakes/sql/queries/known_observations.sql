-- Which of the observations were kept already, and whether as the same: a device that sends another count under an old
-- number has lost its way.
SELECT o.client_id, o.stock_take_id = %(stock_take_id)s AND o.quantity = u.quantity AND o.place = u.place
    AND (u.batch_id IS NULL OR i.batch_id IS NULL OR i.batch_id = u.batch_id)
FROM unnest(%(client_ids)s::uuid[], %(batch_ids)s::bigint[], %(quantities)s::numeric[], %(places)s::text[])
  AS u (client_id, batch_id, quantity, place)
JOIN stocktakes_stocktakeobservation o ON o.tenant_id = %(tenant)s AND o.client_id = u.client_id
JOIN stocktakes_stocktakeitem i ON i.tenant_id = %(tenant)s AND i.id = o.item_id
