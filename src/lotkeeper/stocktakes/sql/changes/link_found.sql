-- Goods that were found before their delivery was entered: their line is now that of the batch. One that has a line of its
-- own already (its label was put right meanwhile) keeps it; posting both is refused.
UPDATE stocktakes_stocktakeitem i
  SET batch_id = (
    SELECT b.id FROM stock_batch b
      WHERE b.tenant_id = %(tenant)s AND b.outlet_id = %(outlet_id)s AND b.variation_id = i.variation_id
        AND b.batch_number = i.found_number AND b.expiry_date IS NOT DISTINCT FROM i.found_expiry_date
        AND NOT EXISTS (SELECT FROM stocktakes_stocktakeitem t
          WHERE t.tenant_id = %(tenant)s AND t.stock_take_id = %(stock_take_id)s AND t.batch_id = b.id)
      ORDER BY b.in_stock DESC, b.id LIMIT 1)
  WHERE i.tenant_id = %(tenant)s AND i.stock_take_id = %(stock_take_id)s AND i.batch_id IS NULL
