-- Every counted line keeps what was posted for it; goods that were found are the batch now that they were posted as.
UPDATE stocktakes_stocktakeitem i
  SET batch_id = u.batch_id, system_count = u.book, system_version = u.version, superseded = u.superseded
  FROM unnest(%(item_ids)s::bigint[], %(batch_ids)s::bigint[], %(books)s::numeric[], %(versions)s::int[],
    %(superseded)s::boolean[]) AS u (item_id, batch_id, book, version, superseded)
  WHERE i.tenant_id = %(tenant)s AND i.id = u.item_id
