-- Another round for some lines: what was seen in earlier ones is kept, and counts no more.
UPDATE stocktakes_stocktakeitem i
  SET round = i.round + 1, awaiting_recount = true, physical_count = NULL, counted_at = NULL, approved_by_id = NULL,
    approved_at = NULL, approved_variance = NULL
  WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.id = ANY (%(item_ids)s::bigint[])
