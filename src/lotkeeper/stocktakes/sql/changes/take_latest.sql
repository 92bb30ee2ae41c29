-- What each line that was seen again now says: of each place the latest observation of its round, all places together.
-- What was put at 0 without a look yields to what somebody saw before, however late that is sent.
-- A difference that was approved before needs another look.
UPDATE stocktakes_stocktakeitem i
  SET physical_count = s.quantity, counted_at = s.counted_at, awaiting_recount = false,
    approved_by_id = NULL, approved_at = NULL, approved_variance = NULL
  FROM (
    SELECT l.item_id, sum(l.quantity) AS quantity, max(l.counted_at) AS counted_at
      FROM (
        SELECT DISTINCT ON (o.item_id, o.place) o.item_id, o.quantity, o.counted_at
          FROM (
            SELECT DISTINCT n.item_id FROM stocktakes_stocktakeobservation n
              WHERE n.tenant_id = %(tenant)s AND n.client_id = ANY (%(client_ids)s::uuid[])
          ) n
            -- OFFSET 0: looked up one by one, whatever the planner knows of the tables.
            CROSS JOIN LATERAL (
              SELECT o.id, o.item_id, o.place, o.quantity, o.counted_at
                FROM stocktakes_stocktakeitem t
                  JOIN stocktakes_stocktakeobservation o
                    ON o.tenant_id = %(tenant)s AND o.item_id = t.id AND o.round = t.round
                WHERE t.tenant_id = %(tenant)s AND t.id = n.item_id AND NOT o.assumed
              OFFSET 0
            ) o
          ORDER BY o.item_id, o.place, o.counted_at DESC, o.id DESC
      ) l
      GROUP BY l.item_id
  ) s
  WHERE i.tenant_id = %(tenant)s AND i.id = s.item_id
    AND (i.physical_count, i.counted_at) IS DISTINCT FROM (s.quantity, s.counted_at)
