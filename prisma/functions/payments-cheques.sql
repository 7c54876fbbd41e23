-- What is wrong with cheques in the books: no row means that it is right. The account of those being cleared holds what was received by cheque, has not come
-- back and has not been cleared; a cleared cheque stands in the bank. p_tenant NULL: all companies.
CREATE OR REPLACE FUNCTION payment_cheque_verify(p_tenant bigint DEFAULT NULL) RETURNS TABLE (problem text, tenant_id bigint, payment_id bigint, expected bigint, found bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  WITH cheque AS (
    SELECT p.id, p.tenant_id, p.currency, p.cleared_at,
      p.amount_cents - coalesce((SELECT sum(r.amount_cents) FROM payment_refund r WHERE r.payment_id = p.id AND r.way = 'cheque' AND r.state = 'done'
        AND (p.cleared_at IS NULL OR r.done_at <= p.cleared_at)), 0)::bigint AS cents,
      (SELECT a.code FROM ledger_transfer t JOIN ledger_account a ON a.id = t.debit_account_id WHERE t.tenant_id = p.tenant_id AND t.key = format('payment:%s:received', p.id)) AS into_code,
      (SELECT t.amount_cents FROM ledger_transfer t WHERE t.tenant_id = p.tenant_id AND t.key = format('payment:%s:cleared', p.id)) AS cleared_cents
    FROM payment p WHERE p.method = 'cheque' AND p.state IN ('settled', 'refunded') AND (p_tenant IS NULL OR p.tenant_id = p_tenant))
  SELECT 'cheque is cleared otherwise than the books say', c.tenant_id, c.id, CASE WHEN c.cleared_at IS NULL OR c.into_code = 'bank' THEN 0 ELSE c.cents END, coalesce(c.cleared_cents, 0)
    FROM cheque c WHERE coalesce(c.cleared_cents, 0) <> CASE WHEN c.cleared_at IS NULL OR c.into_code = 'bank' THEN 0 ELSE c.cents END
  UNION ALL SELECT 'cheque that waits for its bank is in the books', p.tenant_id, p.id, 0, t.amount_cents
    FROM payment p JOIN ledger_transfer t ON t.tenant_id = p.tenant_id AND t.key = format('payment:%s:received', p.id)
    WHERE p.method = 'cheque' AND p.state IN ('created', 'failed') AND (p_tenant IS NULL OR p.tenant_id = p_tenant)
  UNION ALL SELECT 'cheques being cleared differ from their account', a.tenant_id, NULL, coalesce(sum(c.cents), 0)::bigint, -a.balance_cents
    FROM ledger_account a LEFT JOIN cheque c ON c.tenant_id = a.tenant_id AND c.currency = a.currency AND c.cleared_at IS NULL AND c.into_code = 'cheques'
    WHERE a.code = 'cheques' AND (p_tenant IS NULL OR a.tenant_id = p_tenant) GROUP BY a.id HAVING coalesce(sum(c.cents), 0) <> -a.balance_cents
$$;
GRANT EXECUTE ON FUNCTION payment_cheque_verify TO lango_jobs;
